//! Leads, the story of one contact, what waits for a person, a person's data.

use super::words;

words! {
    /// The table of leads.
    Leads {
        title: "Leads", "Leads";
        search: "E-mail, contact, lead, or record in Ploomes", "E-mail, contato, lead ou registro no Ploomes";
        search_hint: "Such as maria@example.com, 42 or site/51", "Por exemplo maria@example.com, 42 ou site/51";
        submit: "Search", "Buscar";
        show: "Show", "Mostrar";
        filter: "Apply", "Aplicar";
        all: "all", "todos";
        missed: "found without a webhook", "encontrados sem webhook";
        empty: "No lead is like this.", "Nenhum lead é assim.";
        nothing: "Nothing was found for this.", "Nada foi encontrado para isso.";
        nothing_do: "An e-mail must be one that the contact had in ActiveCampaign when ponte looked; a number is a contact's, an entry's or a record's. Under Routes, a dry run asks ActiveCampaign itself.", "O e-mail precisa ser um que o contato tinha no ActiveCampaign quando o ponte olhou; um número é de contato, de entrada ou de registro. Em Rotas, um ensaio pergunta ao próprio ActiveCampaign.";
        not_understood: "This is no e-mail, number or lead. Write it whole, such as maria@example.com, 42 or site/51.", "Isto não é e-mail, número nem lead. Escreva por inteiro, por exemplo maria@example.com, 42 ou site/51.";
        found_for: "Found for {what}", "Encontrados para {what}";
    }
}

words! {
    /// The story of one contact.
    Story {
        title: "Contact {contact}", "Contato {contact}";
        no_email: "address erased, or never read", "endereço apagado ou nunca lido";
        seen: "Versions seen: {count}", "Versões vistas: {count}";
        hint: "Waits to be looked at on route {route}, {when}", "Espera ser analisado na rota {route}, {when}";
        missing: "Found missing on route {route} by reconciliation {run}, {when}, and not brought in yet", "Faltava na rota {route} segundo a reconciliação {run}, {when}, e ainda não foi trazido";
        leads: "Leads", "Leads";
        deliveries: "Webhooks that name it", "Webhooks que falam dele";
        no_deliveries: "No webhook ever named it.", "Nenhum webhook falou dele.";
        left_out: "{count} older ones are not shown.", "{count} mais antigos não são mostrados.";
        entered: "Entered", "Entrou";
        found: "Noticed", "Percebido";
        steps: "What was done, and why", "O que foi feito e por quê";
        no_steps: "Nothing was sent for it yet.", "Nada foi enviado por ele ainda.";
        request: "Request", "Pedido";
        answer: "Answer", "Resposta";
        erased: "erased since", "apagado desde então";
        looks: "looked for {count} times in Ploomes", "procurado {count} vezes no Ploomes";
        waits: "In the queue ({lane}), due {when}; tries so far: {attempts}", "Na fila ({lane}), vez em {when}; tentativas até agora: {attempts}";
        review: "Look at this", "Confira";
        warnings: "Notes", "Observações";
        receipt: "Receipt", "Recibo";
        fate: "Became", "Destino";
        data: "This person's data", "Dados desta pessoa";
        retry_note: "Looks at the lead again as if it had never been tried.", "Analisa o lead de novo, como se nunca tivesse sido tentado.";
        create: "create", "criar";
        update: "update", "atualizar";
        adopt: "adopt", "adotar";
        skip: "leave out", "dispensar";
        note: "note", "nota";
        sent: "sent", "enviado";
        in_doubt: "in doubt", "em dúvida";
        done: "done", "feito";
        refused: "refused", "recusado";
        lost: "proved lost", "perdido, com prova";
    }
}

words! {
    /// What waits for a person.
    Waiting {
        title: "What waits for you", "O que espera por você";
        nothing: "Nothing waits for you.", "Nada espera por você.";
        nothing_note: "Failed leads, webhooks that could not be used, writes in doubt and records that people changed are shown here.", "Aqui aparecem leads com falha, webhooks que não puderam ser usados, escritas em dúvida e registros que pessoas alteraram.";
        failed: "Failed leads", "Leads com falha";
        failed_note: "Put the reason right first, in ActiveCampaign, in Ploomes or in the route; then try again.", "Corrija antes o motivo, no ActiveCampaign, no Ploomes ou na rota; depois tente de novo.";
        quarantined: "Webhooks in quarantine", "Webhooks em quarentena";
        quarantined_note: "They could not be used as they are. Nothing was made of them.", "Não puderam ser usados como vieram. Nada foi feito com eles.";
        in_doubt: "In doubt", "Em dúvida";
        in_doubt_note: "A write went unanswered. ponte looks in Ploomes before it sends anything again; nothing to do.", "Uma escrita ficou sem resposta. O ponte procura no Ploomes antes de enviar de novo; nada a fazer.";
        drift: "Changed in Ploomes", "Alterados no Ploomes";
        drift_note: "Records that no longer are what ponte wrote. What people changed is theirs; a deleted or doubled record deserves a look.", "Registros que já não são o que o ponte escreveu. O que as pessoas mudaram é delas; um registro apagado ou em dobro merece um olhar.";
        choose: "Choose {what}", "Escolher {what}";
        choose_all: "Choose all on this page", "Escolher todos desta página";
        retry_chosen: "Try the chosen ones again", "Tentar de novo os escolhidos";
        retry_all_failed: "Try all {count} again", "Tentar de novo todos os {count}";
        retry_all_quarantined: "Look at all {count} again", "Analisar de novo todos os {count}";
        delivery: "Webhook", "Webhook";
        record: "Record", "Registro";
        kind: "What is different", "O que mudou";
        twin: "the older one is {id}", "o mais antigo é {id}";
        more: "{count} in all; the first are shown.", "{count} ao todo; os primeiros são mostrados.";
        deleted: "deleted", "apagado";
        edited: "edited", "editado";
        duplicated: "there twice", "em dobro";
        orphan: "made by our key, of no lead", "feito pela nossa chave, sem lead";
    }
}

words! {
    /// A person's data.
    Person {
        title: "A person's data", "Dados de uma pessoa";
        intro: "Everything that ponte holds of a person can be given to them or removed (LGPD). Records in Ploomes and ActiveCampaign are not touched.", "Tudo o que o ponte guarda de uma pessoa pode ser entregue a ela ou removido (LGPD). Registros no Ploomes e no ActiveCampaign não são alterados.";
        search: "E-mail or number of the contact", "E-mail ou número do contato";
        submit: "Look", "Procurar";
        export: "Export as JSON", "Exportar em JSON";
        export_note: "Webhooks, leads, requests, answers and history, in one file to hand out.", "Webhooks, leads, pedidos, respostas e histórico, em um arquivo para entregar.";
        erase: "Erase", "Apagar";
        erase_note: "Removes the bodies, observations, requests and answers of this contact, and leaves a mark so that no reconciliation brings it in again. The counts and the proof stay. It cannot be undone.", "Remove corpos, observações, pedidos e respostas deste contato e deixa uma marca para que nenhuma conciliação o traga de volta. As contagens e a prova ficam. Não há como desfazer.";
        confirm: "Write the contact's number, {contact}, to confirm", "Escreva o número do contato, {contact}, para confirmar";
        not_confirmed: "The number does not match, so nothing was erased. Write {contact} in the field.", "O número não confere, então nada foi apagado. Escreva {contact} no campo.";
        lift: "Lift the mark", "Retirar a marca";
        lift_note: "This contact was erased. If the person asks to be served again, lift the mark: the next poll or reconciliation may bring them in.", "Este contato foi apagado. Se a pessoa pedir para voltar, retire a marca: a próxima consulta ou conciliação pode trazê-la.";
        in_doubt: "A write to Ploomes had no answer yet: look there whether it made a record.", "Uma escrita no Ploomes ainda estava sem resposta: veja lá se ela criou um registro.";
        log_left: "The write-ahead log still holds the person, because something reads the ledger without end. End that and erase once more.", "O log de escrita ainda guarda a pessoa, porque algo lê o ledger sem parar. Encerre isso e apague mais uma vez.";
        nothing: "The ledger holds nothing of this person.", "O ledger não guarda nada desta pessoa.";
        held: "Held: webhooks {deliveries}, leads {leads}, versions seen {observations}", "Guardado: webhooks {deliveries}, leads {leads}, versões vistas {observations}";
    }
}
