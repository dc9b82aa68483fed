//! What the accounts lack of what a route's configuration names.

use super::Phrase;

/// Why a route is held, and what could be done.
pub(super) const SENTENCES: &[Phrase] = &[
    ("it is missing, and the route creates deals", "falta, e a rota cria negócios"),
    ("its pipeline is not there", "o funil dele não existe"),
    ("the pipeline {name} has it", "o funil {name} o tem"),
    (
        "there is no {what} with the id {id} in the pipeline {pipeline}",
        "não há {what~} com o id {id} no funil {pipeline}",
    ),
    ("there is no {what} with the id {id}", "não há {what~} com o id {id}"),
    (
        "{count} {what} are called {name} in the pipeline {pipeline}",
        "há {count} {what~} com o nome {name} no funil {pipeline}",
    ),
    ("{count} {what} are called {name}", "há {count} {what~} com o nome {name}"),
    ("write the id: {ids}", "escreva o id: {ids~}"),
    (
        "there is no {what} {name} in the pipeline {pipeline}",
        "não há {what~} {name} no funil {pipeline}",
    ),
    ("there is no {what} {name}", "não há {what~} {name}"),
    (
        "the {what} {name} in the pipeline {pipeline} is archived",
        "o {what~} {name} do funil {pipeline} está arquivado",
    ),
    ("the {what} {name} is archived", "o {what~} {name} está arquivado"),
    ("archived ones take no new deals", "arquivados não recebem negócios novos"),
    ("tags: there is no tag {tag} of {of} yet", "tags: ainda não há a tag {tag} de {of~}"),
    ("the user with {what} is suspended", "o usuário com {what~} está suspenso"),
    (
        "name somebody who can own what is created",
        "indique alguém que possa ser responsável pelo que é criado",
    ),
    ("there is no user with {what}", "não há usuário com {what~}"),
    (
        "write the e-mail address or the id of a user of Ploomes",
        "escreva o e-mail ou o id de um usuário do Ploomes",
    ),
    ("there is no origin {name}", "não há a origem {name}"),
    (
        "{label} may hold several values, and {to} takes one",
        "{label} pode ter vários valores, e {to} aceita um só",
    ),
    ("a contact has no value {name}", "um contato não tem o valor {name}"),
    (
        "map: without person.Email, a person is known again by CPF or phone only",
        "mapa: sem person.Email, uma pessoa só é reconhecida pelo CPF ou telefone",
    ),
    (
        "map: {field} is required on the forms of Ploomes, and no row gives it",
        "mapa: {field} é obrigatório nos formulários do Ploomes, e nenhuma linha o preenche",
    ),
    ("did you mean {near}?", "quis dizer {near}?"),
    ("there is {known}", "há {known}"),
    ("{name} is no field of a record", "{name} não é campo de um registro"),
    ("the route creates no {what}", "a rota não cria {what~}"),
    ("leave the row out, or change `create`", "deixe a linha fora, ou mude `create`"),
    (
        "{property} is kept by Ploomes and cannot be written",
        "{property} é mantido pelo Ploomes e não pode ser escrito",
    ),
    ("the route's {key} sets it", "{key} da rota o define"),
    ("the route's {key} set them", "{key} da rota as define"),
    ("it follows from `create`", "decorre de `create`"),
    (
        "name the custom field itself, by its key",
        "indique o próprio campo personalizado, pela chave dele",
    ),
    (
        "the deal belongs to the lead's own person and company",
        "o negócio pertence à pessoa e à empresa do próprio lead",
    ),
    ("a new deal is open", "um negócio novo está em aberto"),
    (
        "it is the lead key field, which `ponte` fills",
        "é o campo da chave do lead, que o `ponte` preenche",
    ),
    ("{property} cannot be mapped", "{property} não pode ser mapeado"),
    ("{property} is a field of {records}", "{property} é um campo de {records~}"),
    ("a {record} has no field {name}", "não há o campo {name} em {record~}"),
    ("`ponte fields ploomes` lists them", "`ponte fields ploomes` mostra quais há"),
    ("`ponte fields activecampaign` lists them", "`ponte fields activecampaign` mostra quais há"),
    ("there is no custom field {key}", "não há o campo personalizado {key}"),
    ("{key} is no field of deals", "{key} não é campo de negócios"),
    (
        "{key} is no text field that holds a single value",
        "{key} não é um campo de texto com um só valor",
    ),
    ("the lead key is a text", "a chave do lead é um texto"),
    (
        "ActiveCampaign has no custom field {name}",
        "o ActiveCampaign não tem o campo personalizado {name}",
    ),
    ("this template does not work: {words}", "este modelo não funciona: {words*}"),
    ("an automation has no {name} here", "uma automação não tem {name} aqui"),
    ("the template names {name}, which there is not", "o modelo usa {name}, que não existe"),
];

/// Words inside sentences.
pub(super) const WORDS: &[Phrase] = &[
    ("pipeline", "funil"),
    ("pipelines", "funis"),
    ("stage", "estágio"),
    ("stages", "estágios"),
    ("the id {id}", "o id {id}"),
    ("the e-mail address of entry {number}", "o e-mail do item {number}"),
];
