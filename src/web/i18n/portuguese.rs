//! Portuguese of Brazil.

use super::{Advice, Attention, Engine, Heads, Text, Tiles, largest_unit, pages};
use crate::{
    config::Language,
    domain::{FoundBy, LeadState},
};

pub(super) static TEXT: Text = Text {
    language: Language::Portuguese,
    tag: "pt-BR",
    moment: "%d/%m/%Y %H:%M:%S",
    day: "%d/%m",
    thousands: '.',
    ago: |span| match largest_unit(span) {
        (0, _) => "agora".to_owned(),
        (number, unit) => format!("há {number} {unit}"),
    },
    all_well: "Tudo certo: nada precisa de você",
    must_act: |count| match count {
        1 => "Um ponto precisa de você".to_owned(),
        _ => format!("{count} pontos precisam de você"),
    },
    as_of: "situação em",
    renews: "atualiza sozinha",
    attention: ATTENTION,
    tiles: Tiles {
        balance: "Balanço",
        balanced: "0 é o certo: tudo o que entrou tem destino conhecido",
        unbalanced: "tem de ser 0",
        done: "No Ploomes",
        of_total: |total| format!("de {total} leads"),
        waiting: "Na fila",
        oldest: |ago| format!("o mais antigo chegou {ago}"),
        empty_at: |moment| format!("vazia às {moment}"),
        none_waits: "nada espera",
        missed: "Encontrados sem webhook",
        recovered: |recovered, late| {
            format!("{recovered} já no Ploomes; de {late} o webhook chegou atrasado")
        },
    },
    heads: Heads {
        deliveries: "Webhooks recebidos",
        last_delivery: "Último",
        leads: "Leads",
        lanes: "Fila",
        runs: "À procura do que não chegou",
        recent: "Últimos leads",
        found: "Encontrados sem webhook",
        days: "Recebidos e em falta, por dia",
        by_webhook: "por webhook",
        missed: "encontrados sem ele",
        lead: "Lead",
        contact: "Contato",
        state: "Situação",
        found_by: "Percebido por",
        records: "No Ploomes",
        when: "Quando",
    },
    fates: ["aplicados", "unidos a um lead", "ignorados", "em quarentena", "pendentes"],
    fate: ["aplicado", "unido a um lead", "ignorado", "em quarentena", "pendente"],
    lanes: ["novos", "atualizações", "recuperação", "histórico"],
    engine: Engine {
        poll: "Consulta",
        reconcile: "Conciliação",
        last: "última",
        next: "próxima",
        never: "ainda não",
        running: "em andamento",
        complete: "completa",
        partial: "parcial",
        quota: "Chamadas ao Ploomes no último minuto",
        activecampaign_rate: |rate| format!("ActiveCampaign: no máximo {rate} por segundo"),
    },
    state: |state| match state {
        LeadState::Pending => "na fila",
        LeadState::InDoubt => "em dúvida",
        LeadState::Done => "no Ploomes",
        LeadState::Skipped => "dispensado",
        LeadState::Failed => "com falha",
        LeadState::Erased => "apagado",
    },
    found_by: |found_by| match found_by {
        FoundBy::Webhook => "webhook",
        FoundBy::Poll => "consulta",
        FoundBy::Reconcile => "conciliação",
    },
    records: ["empresa", "pessoa", "negócio"],
    no_leads: "Nenhum lead chegou ainda.",
    none_missed: "Nenhum até agora: todos os leads vieram pelo webhook.",
    pages: &pages::PORTUGUESE,
};

const ATTENTION: Attention = Attention {
    balance: |balance| {
        advice(
            format!("O balanço é {balance} e tem de ser 0"),
            "Execute `ponte audit`, guarde uma cópia do arquivo e avise quem mantém o programa.",
        )
    },
    engine: || {
        advice(
            "O motor está parado",
            "Os webhooks são guardados, nada é escrito. Veja o log e inicie `ponte run` de novo.",
        )
    },
    activecampaign_key: |since| {
        advice(
            format!("O ActiveCampaign recusa a chave desde {since}"),
            "Coloque uma chave válida em `activecampaign.api_key` e reinicie o ponte. Nada se \
             perde: os webhooks são guardados.",
        )
    },
    ploomes_key: |since| {
        advice(
            format!("O Ploomes recusa a chave desde {since}"),
            "Coloque uma chave válida em `ploomes.user_key` e reinicie o ponte. Nada se perde: \
             os leads esperam.",
        )
    },
    held: |route, reasons| {
        advice(
            format!("A rota {route} está retida: {reasons}"),
            "Os leads dela esperam. Corrija no Ploomes ou edite a rota; Configuração e saúde \
             verifica as duas contas.",
        )
    },
    failed: |count| {
        advice(
            match count {
                1 => "1 lead falhou".to_owned(),
                _ => format!("{count} leads falharam"),
            },
            "Pendências mostra o motivo de cada um e, depois de corrigido, tenta de novo.",
        )
    },
    quarantined: |count| {
        advice(
            match count {
                1 => "1 webhook está em quarentena".to_owned(),
                _ => format!("{count} webhooks estão em quarentena"),
            },
            "Nada foi feito com eles. Pendências mostra o motivo de cada um e, depois de \
             corrigido, tenta de novo.",
        )
    },
    in_doubt: |count| {
        advice(
            match count {
                1 => "1 lead está em dúvida".to_owned(),
                _ => format!("{count} leads estão em dúvida"),
            },
            "Uma escrita ficou sem resposta. O ponte olha no Ploomes antes de enviar de novo; \
             nada a fazer.",
        )
    },
    poll_late: || {
        advice(
            "A consulta está atrasada",
            "Leads cujo webhook se perdeu são encontrados mais tarde. Veja o log.",
        )
    },
    reconcile_late: || {
        advice("A conciliação está atrasada", "Veja o log, ou inicie uma em Conciliações agora.")
    },
    poll_partial: || {
        advice(
            "A última consulta não leu tudo",
            "Ela continua sozinha. Se isto ficar assim, veja se o ActiveCampaign responde.",
        )
    },
    reconcile_partial: || {
        advice(
            "A última conciliação não leu tudo",
            "Ela continua sozinha; Conciliações diz por que e mostra o relatório.",
        )
    },
    paused: |route| {
        advice(
            format!("A rota {route} está em pausa"),
            "Os webhooks são guardados, nada é escrito. A página da rota retoma.",
        )
    },
    unknown_tokens: |count| {
        advice(
            match count {
                1 => "1 pedido chegou a uma URL de webhook desconhecida em 24 horas".to_owned(),
                _ => {
                    format!("{count} pedidos chegaram a URLs de webhook desconhecidas em 24 horas")
                }
            },
            "Se um token mudou, troque a URL no ActiveCampaign também; `webhook_token_previous` \
             aceita o antigo enquanto isso.",
        )
    },
    waits: |moment| {
        advice(
            format!("O Ploomes pediu para não ser chamado até {moment}"),
            "A cota acabou, talvez por outra integração. O ponte continua sozinho.",
        )
    },
};

fn advice(what: impl Into<String>, to_do: &str) -> Advice {
    (what.into(), to_do.to_owned())
}
