//! What is said of a lead: its plan, its deliveries, its writes.

use super::Phrase;

/// Reasons, reviews and warnings of leads, steps and deliveries.
pub(super) const SENTENCES: &[Phrase] = &[
    // The plan.
    ("a deal of ours carries this lead's key", "um negócio do ponte tem a chave deste lead"),
    (
        "a deal of ours, not older than the enrollment, that no lead holds",
        "um negócio do ponte, não mais antigo que a entrada, que nenhum lead tem",
    ),
    ("nothing is updated: {failure}", "nada é atualizado: {failure~}"),
    ("the contact has no company name", "o contato não tem nome de empresa"),
    ("the contact's company name says nothing", "o nome da empresa do contato não diz nada"),
    (
        "it is not in Ploomes, and an update makes none again",
        "não está no Ploomes, e uma atualização não cria de novo",
    ),
    ("there is nothing to recognise a {what} by", "não há nada pelo que reconhecer uma {what~}"),
    ("no {what} has this {keys}", "não há {what~} com este {keys~}"),
    ("{what} {id} is gone from Ploomes; {none}", "{what~} {id} não está mais no Ploomes; {none~}"),
    (
        "the e-mail is left as it is: person {id} has it",
        "o e-mail fica como está: a pessoa {id} o tem",
    ),
    ("what exists is left as it is", "o que existe fica como está"),
    ("nothing to write", "nada a escrever"),
    ("open deal {deal}", "negócio {deal} em aberto"),
    (
        "no deal of ours is this lead's, and none is open",
        "nenhum negócio do ponte é deste lead, e nenhum está em aberto",
    ),
    ("no deal of ours is this lead's", "nenhum negócio do ponte é deste lead"),
    (
        "the ledger holds it; what it named is gone from Ploomes",
        "o ledger o tem; aquilo a que se ligava não está mais no Ploomes",
    ),
    ("the ledger holds it", "o ledger o tem"),
    ("it was written, or may have been", "foi escrita, ou pode ter sido"),
    ("the route asks for one", "a rota pede uma"),
    ("it has this e-mail", "tem este e-mail"),
    ("it has this CPF", "tem este CPF"),
    (
        "it has this phone and no other e-mail or CPF",
        "tem este telefone e nenhum outro e-mail ou CPF",
    ),
    ("it has this CNPJ or register number", "tem este CNPJ ou número de registro"),
    ("it has this name", "tem este nome"),
    (
        "{count} {what} have this {key}: {ids}; the oldest is taken",
        "{count} {what~} têm este {key~}: {ids}; vale o registro mais antigo",
    ),
    (
        "the e-mail is person {one}'s, the CPF is person {other}'s",
        "o e-mail é da pessoa {one}, o CPF é da pessoa {other}",
    ),
    (
        "fills what is empty, updates what ponte wrote last, overwrites what differs",
        "preenche o que está vazio, atualiza o que o ponte escreveu por último, sobrescreve o que \
         difere",
    ),
    (
        "fills what is empty, updates what ponte wrote last",
        "preenche o que está vazio, atualiza o que o ponte escreveu por último",
    ),
    (
        "fills what is empty, overwrites what differs",
        "preenche o que está vazio, sobrescreve o que difere",
    ),
    (
        "updates what ponte wrote last, overwrites what differs",
        "atualiza o que o ponte escreveu por último, sobrescreve o que difere",
    ),
    ("fills what is empty", "preenche o que está vazio"),
    ("updates what ponte wrote last", "atualiza o que o ponte escreveu por último"),
    ("overwrites what differs", "sobrescreve o que difere"),
    ("skipped: {reason}", "dispensado: {reason~}"),
    ("failed: {reason}", "com falha: {reason~}"),
    ("done", "feito"),
    (
        "{lead} would make the same: the one of both that is done first does, and the other finds it",
        "{lead} criaria o mesmo: cria o que vier primeiro, e o outro o encontra",
    ),
    // Finding leads.
    ("contact gone", "o contato não existe mais"),
    ("contact not in {where}", "o contato não está em: {where~}"),
    ("the contact is not in {where}", "o contato não está em: {where~}"),
    ("its contact was merged into another", "o contato foi unido a outro"),
    ("another contact took the lead over", "outro contato assumiu o lead"),
    ("the contact changed: tried again", "o contato mudou: nova tentativa"),
    ("tried again: a person asked for it", "nova tentativa: alguém pediu"),
    ("replayed: a person asked for it", "refeito: alguém pediu"),
    ("let in again", "readmitido"),
    ("erased", "apagado"),
    ("its time has not come", "ainda não é a vez dele"),
    ("its contact is looked up again", "o contato é consultado de novo"),
    ("its route is not in the configuration", "a rota não está na configuração"),
    ("its route is held", "a rota está retida"),
    (
        "the work on it broke off; please report this as a bug",
        "o trabalho nele foi interrompido; por favor avise quem mantém o programa",
    ),
    ("the work on it broke off", "o trabalho nele foi interrompido"),
    // Deliveries.
    ("the body is empty", "o corpo está vazio"),
    ("the body is JSON, not a form", "o corpo é JSON, e não um formulário"),
    ("no contact[id]", "falta contact[id]"),
    ("contact[id] is no positive number", "contact[id] não é um número positivo"),
    ("could not be read", "não pôde ser lido"),
    // Writing.
    ("the ledger could not be written", "o ledger não pôde ser escrito"),
    (
        "the ledger could not be written when an answer came",
        "o ledger não pôde ser escrito quando a resposta chegou",
    ),
    ("the answer to a write never came", "a resposta a uma escrita nunca chegou"),
    ("stopped while a write was on its way", "parou enquanto uma escrita estava a caminho"),
    ("waits for its look", "espera para ser procurado"),
    ("waits for its second look", "espera para ser procurado pela segunda vez"),
    (
        "a write to Ploomes went unanswered and did not happen",
        "uma escrita no Ploomes ficou sem resposta e não aconteceu",
    ),
    ("another lead works on the same record", "outro lead trabalha no mesmo registro"),
    ("given up: {reason}", "desistiu: {reason~}"),
    ("Ploomes refuses the {what}: {words}", "o Ploomes recusa: {what~}: {words*}"),
    ("Ploomes rejected {what}: written without", "o Ploomes recusou {what}: escrito sem isso"),
    ("Ploomes answered {status}", "o Ploomes respondeu {status}"),
    ("Ploomes gave no usable answer", "o Ploomes não deu resposta que se possa usar"),
    ("ActiveCampaign answered {status}", "o ActiveCampaign respondeu {status}"),
    ("ActiveCampaign gave no usable answer", "o ActiveCampaign não deu resposta que se possa usar"),
    (
        "Ploomes answered a search with nothing although a record known to exist was asked for",
        "o Ploomes não devolveu nada a uma busca que incluía um registro que existe",
    ),
    (
        "Ploomes does not show yet what ponte made a moment ago",
        "o Ploomes ainda não mostra o que o ponte criou há pouco",
    ),
    (
        "what today's configuration says of it was not written",
        "o que a configuração de hoje diz dele não foi escrito",
    ),
    (
        "its contact changed, and the change was not written",
        "o contato mudou, e a mudança não foi escrita",
    ),
    (
        "{kind} {id} was deleted in Ploomes, and open deal {deal} needs it",
        "{kind~} {id} foi apagada no Ploomes, e o negócio em aberto {deal} precisa dela",
    ),
];

/// What is said of a value, after the name of where it comes from.
pub(super) const REMARKS: &[Phrase] = &[
    ("is empty", "está vazio"),
    (
        "cannot be made from this contact: the template fails",
        "não pode ser feito com este contato: o modelo falha",
    ),
    ("holds several values, and the field takes one", "tem vários valores, e o campo aceita um só"),
    ("is no e-mail address", "não é um e-mail"),
    ("is no valid CPF and is kept as it was typed", "não é um CPF válido e fica como foi digitado"),
    (
        "is no valid CNPJ and is kept as it was typed",
        "não é um CNPJ válido e fica como foi digitado",
    ),
    ("is no postal code", "não é um CEP"),
    ("is no whole number", "não é um número inteiro"),
    ("is no clear number", "não é um número claro"),
    ("is no date", "não é uma data"),
    ("is neither yes nor no", "não é sim nem não"),
    ("is cut at 250 characters", "é cortado em 250 caracteres"),
    ("is none of the field's options", "não é nenhuma das opções do campo"),
    ("is no origin of the account", "não é uma origem da conta"),
    ("is neither a whole number nor a user", "não é um número inteiro nem um usuário"),
    (
        "holds no valid phone number and is kept as it was typed",
        "não tem um telefone válido e fica como foi digitado",
    ),
];

/// Words inside sentences.
pub(super) const WORDS: &[Phrase] = &[
    ("company", "empresa"),
    ("companies", "empresas"),
    ("person", "pessoa"),
    ("persons", "pessoas"),
    ("persons and companies", "pessoas e empresas"),
    ("deal", "negócio"),
    ("deals", "negócios"),
    ("contacts", "contatos"),
    ("note", "nota"),
    ("phone", "telefone"),
    ("name", "nome"),
    ("CNPJ or register number", "CNPJ ou número de registro"),
    ("CNPJ, register number or name", "CNPJ, número de registro ou nome"),
    ("{firsts} or {last}", "{firsts} ou {last~}"),
    ("automation {id}", "automação {id}"),
    ("tag {tag}", "tag {tag}"),
    ("list {id}", "lista {id}"),
];
