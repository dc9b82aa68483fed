//! What is said of calls, runs, and work that was asked of the engine.

use super::Phrase;

/// Why a run is partial, a call failed, or what was asked for was not done.
pub(super) const SENTENCES: &[Phrase] = &[
    // Runs.
    ("the ledger could not be used", "o ledger não pôde ser usado"),
    ("cut off by a stop", "interrompida por uma parada"),
    ("reading records of the ledger", "ao ler registros do ledger"),
    ("reading records that were just written", "ao ler registros recém-escritos"),
    ("reading what our key made", "ao ler o que a chave do ponte criou"),
    ("reading deals of deleted records", "ao ler negócios de registros apagados"),
    ("reading records of leads that changed", "ao ler registros de leads que mudaram"),
    ("reading a contact that changed", "ao ler um contato que mudou"),
    ("reading contacts", "ao ler contatos"),
    ("asking for a contact that was not listed", "ao pedir um contato que não foi listado"),
    ("reading an automation's entries", "ao ler as entradas de uma automação"),
    ("whose key it is is not known", "não se sabe de quem é a chave"),
    ("ActiveCampaign listed no contact at all", "o ActiveCampaign não listou nenhum contato"),
    (
        "{count} contacts that were not listed were not asked for",
        "{count} contatos que não foram listados não foram pedidos",
    ),
    (
        "ActiveCampaign did not show who belongs to route {route}: it was not compared",
        "o ActiveCampaign não mostrou quem pertence à rota {route}: ela não foi comparada",
    ),
    (
        "ActiveCampaign has contact {contact} and did not list it",
        "o ActiveCampaign tem o contato {contact} e não o listou",
    ),
    (
        "ActiveCampaign has no automation {automation}",
        "o ActiveCampaign não tem a automação {automation}",
    ),
    // Calls.
    ("unreadable answer: {problem}", "resposta ilegível: {problem~}"),
    ("the request's time could not be kept", "a hora do pedido não pôde ser guardada"),
    ("no connection: {words}", "sem conexão: {words*}"),
    ("the connection broke: {words}", "a conexão caiu: {words*}"),
    ("no answer within {seconds} s", "nenhuma resposta em {seconds} s"),
    ("the answer is longer than {bytes} bytes", "a resposta passa de {bytes} bytes"),
    ("the account is unpaid: {words}", "a conta não está paga: {words*}"),
    ("the account is unpaid", "a conta não está paga"),
    ("the body is no JSON object", "o corpo não é um objeto JSON"),
    ("the body is cut off", "o corpo está cortado"),
    ("the body is no JSON", "o corpo não é JSON"),
    ("the list ends before its total", "a lista acaba antes do total"),
    ("the list does not end", "a lista não acaba"),
    ("the cursor does not move", "o cursor não avança"),
    ("the offset does not advance", "o deslocamento não avança"),
    ("the pages do not move on", "as páginas não avançam"),
    ("more than {pages} pages", "mais de {pages} páginas"),
    (
        "an empty page came although contacts were due",
        "veio uma página vazia, embora faltassem contatos",
    ),
    ("fewer enrollments came than their total says", "vieram menos entradas do que diz o total"),
    (
        "a list that no account lacks came empty",
        "veio vazia uma lista que nenhuma conta deixa de ter",
    ),
    ("rows that were not asked for", "linhas que não foram pedidas"),
    ("not even a record that is known to exist", "nem mesmo um registro que se sabe que existe"),
    ("{what} has no id", "{what~} não tem id"),
    ("an enrollment has no contact", "uma entrada não tem contato"),
    ("an enrollment has no automation", "uma entrada não tem automação"),
    ("an included row has no contact", "uma linha incluída não tem contato"),
    ("a subscription has no list", "uma inscrição não tem lista"),
    ("a tagging has no tag", "uma marcação não tem tag"),
    ("a custom value has no field", "um valor personalizado não tem campo"),
    ("a list is no list", "uma lista não é lista"),
    ("a list holds something that is no object", "uma lista tem algo que não é objeto"),
    ("a key is no text", "uma chave não é texto"),
    ("a row without `Id`", "uma linha sem `Id`"),
    ("a record without `TypeId`", "um registro sem `TypeId`"),
    ("neither `value` with a list nor a row", "nem `value` com uma lista, nem uma linha"),
    ("neither a list nor a row", "nem uma lista, nem uma linha"),
    ("no JSON", "não é JSON"),
    ("no record", "nenhum registro"),
    // What was asked of the engine.
    (
        "the accounts could not be read a moment ago",
        "as contas não puderam ser lidas há pouco; tente de novo em um minuto",
    ),
    (
        "ActiveCampaign has no contact with this address",
        "o ActiveCampaign não tem contato com este e-mail",
    ),
    ("ActiveCampaign has no contact {contact}", "o ActiveCampaign não tem o contato {contact}"),
    (
        "this person was erased; `ponte erase --lift` lets them in again",
        "esta pessoa foi apagada; `ponte erase --lift` a readmite",
    ),
    ("no route is called {name}", "nenhuma rota se chama {name}"),
    (
        "the accounts did not answer in time; try again in a minute",
        "as contas não responderam a tempo; tente de novo em um minuto",
    ),
    ("no contact given", "nenhum contato foi indicado"),
    ("the draft of the route cannot be read", "o rascunho da rota não pode ser lido"),
    ("the key is refused ({words})", "a chave é recusada ({words~})"),
    ("copy the key from Settings > Developer", "copie a chave de Configurações > Desenvolvedor"),
    (
        "copy the URL from Settings > Developer, and try again",
        "copie a URL de Configurações > Desenvolvedor e tente de novo",
    ),
    (
        "its number stands in the address of its page: /series/<number>",
        "o número dela está no endereço da página dela: /series/<número>",
    ),
    (
        "use the key of an integration user of ponte's own",
        "use a chave de um usuário de integração só do ponte",
    ),
    ("try again", "tente de novo"),
    (
        "the Ploomes key is not an integration user's: deals that its user makes by hand may be \
         taken for ponte's own; use an integration user",
        "a chave do Ploomes não é de um usuário de integração: negócios que o usuário dela cria à \
         mão podem ser tomados por negócios do ponte; use um usuário de integração",
    ),
    (
        "the engine stopped while it was at it",
        "o motor parou enquanto trabalhava nisso; peça de novo",
    ),
    ("stopping", "o serviço está parando"),
    ("the service stops", "o serviço está parando"),
    ("an engine that only asks does no {kind}", "um motor que só consulta não faz {kind}"),
    ("there is no job called {name}", "não há trabalho chamado {name}"),
    ("a reconciliation has no mode {mode}", "uma conciliação não tem o modo {mode}"),
    ("a replay has no {key} {value}", "um replay não tem {key} {value}"),
];

/// Words inside sentences.
pub(super) const WORDS: &[Phrase] = &[
    ("{key} is missing", "falta {key}"),
    ("a row", "uma linha"),
    ("a contact", "um contato"),
    ("an enrollment", "uma entrada"),
    ("a company", "uma empresa"),
    ("a field", "um campo"),
    ("an automation", "uma automação"),
    ("a list or tag", "uma lista ou tag"),
    ("not sent", "não enviado"),
    ("broken", "conexão interrompida"),
    ("timeout", "sem resposta a tempo"),
];
