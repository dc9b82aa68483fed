//! What alerts say.

use super::Phrase;

/// The texts of alerts, which the page shows too.
pub(super) const SENTENCES: &[Phrase] = &[
    (
        "{leads} of route {route} failed: a person is needed. `ponte leads --state failed` says \
         why, `ponte retry --failed` tries again.",
        "{leads} da rota {route} com falha: é preciso uma pessoa. A página Pendências diz \
         o motivo e tenta de novo.",
    ),
    (
        "{deliveries} of route {route} cannot be used: the body is unreadable, or the contact does \
         not belong to the route. The page says why, `ponte retry --quarantined` tries again.",
        "{deliveries} da rota {route} sem uso possível: o corpo é ilegível, ou o contato não \
         pertence à rota. A página Pendências diz o motivo e tenta de novo.",
    ),
    (
        "{leads} of route {route} had no webhook. A poll or reconciliation found them, the first \
         at {when}, and brings them into Ploomes.{older} If there are more of them, look at the \
         webhook in ActiveCampaign.",
        "{leads} da rota {route} sem webhook. Uma consulta ou conciliação encontrou, o primeiro em \
         {when}, e leva ao Ploomes.{older~} Se houver mais, veja o webhook no ActiveCampaign.",
    ),
    (
        " {some} of them entered before the route's first start.",
        " Deles, {some} entraram antes do primeiro início da rota.",
    ),
    (
        "{leads} of route {route} had no webhook, and the reconciliation only reports. `ponte \
         report` shows them, `ponte reconcile --mode repair` brings them into Ploomes.",
        "{leads} da rota {route} sem webhook, e a conciliação só conta. O relatório mostra quais; \
         uma conciliação que traz o que faltou leva ao Ploomes.",
    ),
    (
        "No webhook came for route {route} since {when}, although {contacts} entered it. Likely: \
         the URL in ActiveCampaign is not the route's, TLS or DNS of that address fails, a \
         firewall or proxy is in the way, or the automation or its webhook step is off. Polls \
         bring the leads in meanwhile.",
        "Nenhum webhook chegou para a rota {route} desde {when}, embora {contacts~} tenham entrado \
         nela. Causas prováveis: a URL no ActiveCampaign não é a da rota, o TLS ou DNS do endereço \
         falha, há um firewall ou proxy no caminho, ou a automação ou a ação Webhook dela está \
         desligada. Enquanto isso, as consultas trazem os leads.",
    ),
    (
        "Route {route} cannot be written as it is configured: a pipeline, stage, field, user or \
         the like is missing. Webhooks are kept, {leads} until it is put right. `ponte check \
         --online` says what is missing.",
        "A rota {route} não pode ser escrita como está configurada: falta um funil, estágio, campo, \
         usuário ou algo assim. Os webhooks são guardados, {leads~} até a correção. A página da \
         rota diz o que falta.",
    ),
    (
        "The last {run}, which ended at {when}, could not read everything. Nothing is lost: the \
         next one reads it again. `ponte status` says why.",
        "A última {run~}, que acabou em {when}, não leu tudo. Nada se perde: a próxima lê de novo. \
         A página Conciliações mostra o motivo.",
    ),
    (
        "A {run} was due at {when} and has not begun: {last}. Leads whose webhook was lost are not \
         found meanwhile. The log of ponte says what holds it up.",
        "Uma {run~} era para {when} e não começou: {last~}. Enquanto isso, leads cujo webhook se \
         perdeu não são encontrados. O log do ponte diz o que a segura.",
    ),
    (
        "The last reconciliation found {leads} without a webhook and {stale} out of date. One of \
         them is more than it may repair (`reconcile.max_repairs`), and was left as it is. Look at \
         `ponte report`; if they are right, `ponte reconcile --all` brings them in.",
        "A última conciliação encontrou {leads} sem webhook e {stale} desatualizados. Um dos \
         números passa do que ela pode recuperar (`reconcile.max_repairs`) e ficou como está. Veja \
         o relatório; se estiver certo, a página Conciliações traz todos.",
    ),
    (
        "{records} made by ponte in Ploomes twice. `ponte report` names both; delete the younger \
         one.",
        "{records~} em dobro pelo ponte no Ploomes. O relatório mostra os dois; apague o mais novo.",
    ),
    (
        "{api} refuses the key, so {result}. Webhooks are kept. Put {key} right and restart ponte; \
         `ponte check --online` tells whether it is taken.",
        "O {api} recusa a chave, por isso {result~}. Os webhooks são guardados. Corrija {key} e \
         reinicie o ponte; a página Configuração e saúde verifica se ela é aceita.",
    ),
    (
        "The clock of {api} is {seconds} s {side} the clock of this machine. Look whether time \
         synchronisation runs here.",
        "O relógio do {api} está {seconds} s {side~} o relógio desta máquina. Veja se a \
         sincronização de hora funciona aqui.",
    ),
    (
        "{requests} in the last hour came to a webhook URL that no route has. If a token was \
         changed, its webhooks are lost until the URL in ActiveCampaign is changed too.",
        "{requests~} na última hora a uma URL de webhook que nenhuma rota tem. Se um token mudou, \
         os webhooks se perdem até a URL mudar no ActiveCampaign também.",
    ),
    (
        "The disk of the ledger has {free} MB free of {size} MB. Without room no webhook can be \
         kept, and ActiveCampaign does not send it again.",
        "O disco do ledger tem {free} MB livres de {size} MB. Sem espaço nenhum webhook pode ser \
         guardado, e o ActiveCampaign não envia de novo.",
    ),
];

/// Words inside alerts.
pub(super) const WORDS: &[Phrase] = &[
    ("poll", "consulta"),
    ("reconciliation", "conciliação"),
    ("{count} contact", "{count} contato"),
    ("{count} contacts", "{count} contatos"),
    ("{count} request", "{count} pedido"),
    ("{count} requests", "{count} pedidos"),
    ("1 lead waits", "1 lead espera"),
    ("{count} leads wait", "{count} leads esperam"),
    ("1 record was", "1 registro foi criado"),
    ("{count} records were", "{count} registros foram criados"),
    ("there never was one", "nunca houve uma"),
    ("the one of {when} still runs", "a de {when} ainda está em andamento"),
    ("the last one began at {when}", "a última começou em {when}"),
    ("nothing is written to it", "nada é escrito nele"),
    ("no contact can be looked up", "nenhum contato pode ser consultado"),
    ("ahead of", "adiantado em relação a"),
    ("behind", "atrasado em relação a"),
];
