//! Portuguese of Brazil.

use super::{Advice, Heads, Verdict, Words, either};
use crate::{config::Language, domain::LeadState};

pub(super) static WORDS: Words = Words {
    language: Language::Portuguese,
    tag: "pt-BR",
    moment: "%d/%m/%Y %H:%M",
    day: "%d/%m/%Y",
    short_day: "%d/%m",
    thousands: '.',
    verdict: Verdict {
        nothing: "Completa: nada se perdeu",
        partial: "PARCIAL: nem tudo pôde ser lido",
        so_far: |missed| format!("até agora, {missed}"),
        missed: |number, one| {
            either(number, one, "lead se perdeu no caminho", "leads se perderam no caminho")
        },
        stands: [
            |number, one| either(number, one, "já está no Ploomes", "já estão no Ploomes"),
            |number, one| either(number, one, "foi dispensado", "foram dispensados"),
            |number, one| either(number, one, "foi apagado", "foram apagados"),
            |number, one| either(number, one, "falhou", "falharam"),
            |number, one| {
                either(number, one, "ainda não está no Ploomes", "ainda não estão no Ploomes")
            },
        ],
    },
    advice: Advice {
        partial: |reason| {
            format!(
                "Motivo: {reason}. O que não foi lido não está provado: `ponte reconcile` continua \
                 de onde esta execução parou"
            )
        },
        no_reason: "nenhum foi guardado",
        unfinished: "ainda não terminou",
        over: |max| {
            format!(
                "São mais do que uma execução pode recuperar ({max}), por isso ficaram \
                 como estão: confira-os, depois `ponte reconcile --all` os traz"
            )
        },
        only_report: "Nada foi escrito: `ponte reconcile --mode repair` os traz",
        open: |number, one, run| {
            let open = either(number, one, "lead está", "leads estão");
            format!(
                "{open} na fila: `ponte run` continua com eles, `ponte report {run}` mostra \
                 quanto falta"
            )
        },
        failed: |number, one| {
            let failed = either(number, one, "lead falhou", "leads falharam");
            format!(
                "{failed}: `ponte leads --state failed` mostra o motivo, `ponte retry --failed` \
                 tenta de novo"
            )
        },
        stale: |number, one| {
            let stale =
                either(number, one, "lead está desatualizado", "leads estão desatualizados");
            format!("{stale} no Ploomes: `ponte reconcile --mode repair` os atualiza")
        },
        updated: |number, one| {
            let stale = either(
                number,
                one,
                "lead estava desatualizado no Ploomes e foi",
                "leads estavam desatualizados no Ploomes e foram",
            );
            format!("{stale} para a fila")
        },
        late: |number, _| format!("De {number} destes leads o webhook chegou, mas atrasado"),
        unseen: |route, says, had| {
            format!(
                "{route}: o ActiveCampaign diz que {says} já entraram e mostrou {had}; contatos \
                 excluídos desde então não aparecem"
            )
        },
        uncounted: |route, says, had| {
            format!(
                "{route}: o ActiveCampaign diz que {says} já entraram e mostrou {had}; a contagem \
                 dele está atrasada"
            )
        },
    },
    heads: HEADS,
    counts: [
        "esperados",
        "recebidos",
        "sem webhook",
        "aguardando",
        "perdidos",
        "recuperados",
        "desatualizados",
        "com falha",
        "fora da conta",
        "sumidos",
    ],
    state: |state| match state {
        None => "ainda não visto",
        Some(LeadState::Pending) => "na fila",
        Some(LeadState::InDoubt) => "em dúvida",
        Some(LeadState::Done) => "no Ploomes",
        Some(LeadState::Skipped) => "dispensado",
        Some(LeadState::Failed) => "com falha",
        Some(LeadState::Erased) => "apagado",
    },
    record: |kind| match kind {
        "deal" => "negócio",
        "person" => "pessoa",
        "company" => "empresa",
        "note" => "anotação",
        other => other,
    },
    drift: |kind| match kind {
        "deleted" => "excluído",
        "edited" => "editado",
        "duplicated" => "duplicado",
        "orphan" => "sem lead",
        other => other,
    },
    mode: |mode| match mode {
        "report" => "só relatório",
        "repair" => "com recuperação",
        other => other,
    },
};

const HEADS: Heads = Heads {
    title: "Conciliação",
    run: "execução",
    complete: "completa",
    partial: "parcial",
    contacts: |number, one| either(number, one, "contato lido", "contatos lidos"),
    routes: "Rotas",
    total: "todas",
    chart: "Leads por dia",
    by_webhook: "por webhook",
    missed_bar: "perdidos",
    days: |number, one| {
        if one { "último dia".to_owned() } else { format!("últimos {number} dias") }
    },
    missed: "Perdidos",
    none_missed: "Nenhum: todos os leads vieram pelo webhook, ou já eram conhecidos.",
    found_by_poll: "Encontrados por consultas desde a última conciliação completa",
    drift: "Registros que já não são o que foi escrito",
    witness: "Segunda testemunha",
    entered_there: "entraram, diz o ActiveCampaign",
    read_here: "entradas lidas",
    lead: "lead",
    contact: "contato",
    route: "rota",
    enrolled: "entrou",
    found: "encontrado",
    repaired: "recuperado",
    late: "atraso",
    state: "situação",
    in_ploomes: "no Ploomes",
    record: "registro",
    kind: "o quê",
    webhook_late: "webhook chegou atrasado",
    more: |more, run| {
        format!("e mais {more}: `ponte report {run} --format csv --output perdidos.csv` tem todos")
    },
    head: "fim da cadeia",
    prove: "Guardado em outro lugar, permite que `ponte audit --head HASH` prove que nada foi \
            cortado ou reescrito desde então.",
};
