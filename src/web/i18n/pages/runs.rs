//! Reconciliations, polls, and work that was asked of the engine.

use super::words;

words! {
    /// Polls and reconciliations.
    Runs {
        title: "Reconciliations", "Conciliações";
        start: "Start one", "Iniciar";
        start_note: "A reconciliation compares everybody in ActiveCampaign with the ledger; a poll looks at who entered lately.", "A conciliação compara todos do ActiveCampaign com o ledger; a consulta olha quem entrou há pouco.";
        mode: "What it does", "O que faz";
        mode_report: "finds and tells, writes nothing", "procura e conta, não escreve nada";
        mode_repair: "brings in what was missed", "traz o que faltou";
        mode_all: "brings in everything that was missed: counts first, and asks", "traz tudo o que faltou: conta antes, e pergunta";
        all_note: "A run brings in up to {limit}. More than that is first counted, with how long it takes; then you decide.", "Cada vez traz até {limit}. Mais que isso é antes contado, com o tempo que leva; depois você decide.";
        submit: "Start the reconciliation", "Iniciar a conciliação";
        poll: "Poll now", "Consultar agora";
        running: "A reconciliation is running: {contacts} contacts read, {found} leads found missing, {open} of them still to be written.", "Uma conciliação está em andamento: {contacts} contatos lidos, {found} leads em falta, {open} deles ainda por escrever.";
        list: "Reconciliations", "Conciliações";
        polls: "Last polls", "Últimas consultas";
        none: "None so far.", "Nenhuma até agora.";
        run: "Run", "Execução";
        started: "Started", "Início";
        took: "Took", "Duração";
        outcome: "Outcome", "Resultado";
        expected: "Expected", "Esperados";
        received: "By webhook", "Por webhook";
        missed: "Missed", "Em falta";
        recovered: "Brought in", "Recuperados";
        stale: "Out of date", "Desatualizados";
        drift: "Drift", "Alterados";
        report: "Report", "Relatório";
        open: "Open report {run}", "Abrir relatório {run}";
        going_on: "running", "em andamento";
        complete: "complete", "completa";
        partial: "partial", "parcial";
        report_mode: "told only", "só contou";
        repair_mode: "brought in", "recuperou";
        over: "more was missing than a run may repair: nothing was written", "faltava mais do que uma execução pode recuperar: nada foi escrito";
    }
}

words! {
    /// Work that was asked of the engine, and its answer.
    Jobs {
        title_poll: "Poll", "Consulta";
        title_reconcile: "Reconciliation", "Conciliação";
        title_plan: "Dry run", "Ensaio";
        title_check: "Check against both accounts", "Verificação nas duas contas";
        title_retry: "Trying again", "Nova tentativa";
        title_other: "Answer", "Resposta";
        waiting: "The engine is at it; this page shows the answer as soon as it is there.", "O motor está trabalhando; esta página mostra a resposta assim que chegar.";
        slow: "A reconciliation of a large account takes minutes. You can leave this page: the run goes on, and its report is listed under Reconciliations.", "A conciliação de uma conta grande leva minutos. Você pode sair desta página: ela continua, e o relatório aparece em Conciliações.";
        asked: "Asked: {ago}", "Pedido: {ago}";
        failed: "It could not be done", "Não foi possível";
        failed_do: "Nothing was changed. Look at the words above, put it right and ask again; Settings and health checks both accounts.", "Nada foi alterado. Veja as palavras acima, corrija e peça de novo; Configuração e saúde verifica as duas contas.";
        poll_done: "The poll read everything.", "A consulta leu tudo.";
        poll_partial: "The poll did not read everything; it goes on by itself.", "A consulta não leu tudo; ela continua sozinha.";
        entered: "Entered", "Entraram";
        without_lead: "Of them without a lead", "Deles sem lead";
        changed: "Changed", "Alterados";
        retry_stopped: "What was put back until then stays in the queue. Ask again for the rest.", "O que já voltou para a fila fica nela. Peça de novo para o resto.";
        progress: "{contacts} contacts read; {found} leads found missing, {open} of them still to be written.", "{contacts} contatos lidos; {found} leads em falta, {open} deles ainda por escrever.";
        counted: "{missed} leads are missing and {stale} are out of date.", "Faltam {missed} leads, e {stale} estão desatualizados.";
        counted_waiting: "{waiting} wait in the queue already.", "{waiting} já esperam na fila.";
        counted_part: "Not everything could be read: there may be more.", "Nem tudo pôde ser lido: pode haver mais.";
        takes: "To bring them in takes up to {calls} calls to Ploomes: about {length} at {limit} a minute, after what comes fresh.", "Trazê-los leva até {calls} chamadas ao Ploomes: cerca de {length} a {limit} por minuto, depois do que chega novo.";
        counted_nothing: "Nothing is missing: there is nothing to bring in.", "Nada falta: não há o que trazer.";
        bring: "Bring them all in", "Trazer todos";
        bring_not: "Leave it", "Deixar como está";
        not_counted: "Nothing was brought in yet: this is the count. Decide below.", "Nada foi trazido ainda: esta é a contagem. Decida abaixo.";
        reconcile_done: "The reconciliation has ended.", "A conciliação terminou.";
        check_good: "Keys, rights, pipelines, stages and fields are right.", "Chaves, permissões, funis, estágios e campos estão certos.";
        check_bad: "Something has to be put right", "Há o que corrigir";
        notes: "Worth knowing", "Bom saber";
    }
}
