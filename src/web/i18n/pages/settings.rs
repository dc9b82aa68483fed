//! Settings and health.

use super::words;

words! {
    /// Settings and health.
    Settings {
        title: "Settings and health", "Configuração e saúde";
        health: "Health", "Saúde";
        ledger: "The ledger takes writes", "O ledger aceita escritas";
        engine: "The engine runs", "O motor está em marcha";
        poll: "The poll is in time", "A consulta está em dia";
        reconcile: "The reconciliation is in time", "A conciliação está em dia";
        check: "Check keys, rights, pipelines and fields now", "Verificar chaves, permissões, funis e campos agora";
        check_note: "Asks both accounts; writes nothing.", "Pergunta às duas contas; não escreve nada.";
        alerts: "Alerts", "Alertas";
        no_alerts: "No alert is open.", "Nenhum alerta aberto.";
        since: "Since", "Desde";
        proof: "Proof", "Prova";
        chain: "Links in the chain", "Elos da cadeia";
        head: "Its head now", "Ponta atual";
        proof_note: "`ponte audit --head HASH` proves later that the ledger still continues this head.", "`ponte audit --head HASH` prova depois que o ledger ainda continua esta ponta.";
        configuration: "Configuration", "Configuração";
        configuration_note: "As it is in use now. Keys and tokens are not shown.", "Como está em uso agora. Chaves e tokens não são mostrados.";
        actions: "What was done on this page", "O que foi feito nesta página";
        no_actions: "Nothing so far.", "Nada até agora.";
        what: "What", "O quê";
        subject: "To", "Em";
        peer: "From", "De";
        sign_in: "signed in", "entrou";
        sign_out: "signed out", "saiu";
        retry: "tried again", "tentou de novo";
        retry_failed: "tried all failed again", "tentou de novo todos com falha";
        retry_quarantined: "looked at quarantine again", "analisou a quarentena de novo";
        poll_asked: "asked for a poll", "pediu consulta";
        reconcile_asked: "asked for a reconciliation", "pediu conciliação";
        plan_asked: "asked for a dry run", "pediu ensaio";
        check_asked: "asked for a check", "pediu verificação";
        fields_asked: "read the live lists", "leu as listas ao vivo";
        pause: "paused", "pausou";
        resume: "resumed", "retomou";
        configure: "changed the configuration", "alterou a configuração";
        export: "exported data", "exportou dados";
        erase: "erased data", "apagou dados";
        lift: "lifted a mark", "retirou uma marca";
        version: "Version", "Versão";
        pages: "For machines", "Para máquinas";
    }
}
