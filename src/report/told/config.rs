//! What is said of a configuration that cannot be used.

use super::Phrase;

/// Problems and hints of the configuration, and of editing it.
pub(super) const SENTENCES: &[Phrase] = &[
    ("found {found}, expected {expected}", "há {found~}, e se esperava {expected~}"),
    ("found an empty string", "há um texto vazio"),
    ("{key} is missing", "falta {key}"),
    ("unknown key {name}", "chave desconhecida: {name}"),
    ("unknown section {name}", "seção desconhecida: {name}"),
    ("known here: {names}", "conhecidas aqui: {names}"),
    ("known sections: {names}", "seções conhecidas: {names}"),
    ("known: {names}", "conhecidos: {names}"),
    ("{name} belongs under {section}", "{name} pertence a {section}"),
    ("this is not TOML: {words}", "isto não é TOML: {words*}"),
    ("give the unit: {example}", "escreva a unidade: {example}"),
    ("write it without quotes", "escreva sem aspas"),
    ("write {what}", "escreva {what~}"),
    ("keep one of the two", "deixe só um dos dois"),
    ("{key} is given as well", "{key} também está escrito"),
    ("cannot read the configuration: {words}", "a configuração não pode ser lida: {words~}"),
    (
        "start from config.example.toml, or name another file with --config",
        "comece pelo config.example.toml, ou indique outro arquivo com --config",
    ),
    ("it is larger than {bytes} bytes", "tem mais de {bytes} bytes"),
    (
        "everybody on this machine can read the file and its secrets",
        "todos nesta máquina podem ler o arquivo e os segredos dele",
    ),
    ("everybody on this machine can read {path}", "todos nesta máquina podem ler {path}"),
    ("{path} is too large for a secret", "{path} é grande demais para um segredo"),
    ("cannot read {path}: {words}", "não é possível ler {path}: {words*}"),
    (
        "paths start from the directory that ponte runs in",
        "caminhos começam na pasta em que o ponte é executado",
    ),
    (
        "there is no [[route]], so nothing will be brought in",
        "não há nenhuma [[route]], por isso nada será trazido",
    ),
    ("{address} is the receiver's address too", "{address} também é o endereço do receptor"),
    ("give each its own port", "dê a cada um a sua porta"),
    // The environment.
    (
        "a route's key is set as PONTE_ROUTE__<NAME>__<KEY>",
        "a chave de uma rota é definida como PONTE_ROUTE__<NOME>__<CHAVE>",
    ),
    (
        "for example PONTE_ROUTE__SITE__WEBHOOK_TOKEN",
        "por exemplo PONTE_ROUTE__SITE__WEBHOOK_TOKEN",
    ),
    ("no route has the name {name}", "nenhuma rota tem o nome {name}"),
    (
        "a route and its name come from the file; its name is in capitals here",
        "uma rota e o nome dela vêm do arquivo; aqui o nome fica em maiúsculas",
    ),
    ("more than one route has the name {name} here", "mais de uma rota tem o nome {name} aqui"),
    ("no section has the name {name}", "nenhuma seção tem o nome {name}"),
    ("this cannot be set from the environment", "isto não pode ser definido pelo ambiente"),
    ("write it into the file", "escreva no arquivo"),
    ("this sets nothing", "isto não define nada"),
    // The map.
    ("`from` and `template` are both given", "`from` e `template` estão os dois escritos"),
    ("neither `from` nor `template` is given", "não há `from` nem `template`"),
    ("for example: {example}", "por exemplo: {example}"),
    (
        "name the field: field.<PERSTAG> or field.<id>",
        "indique o campo: field.<PERSTAG> ou field.<id>",
    ),
    (
        "found {to}, and that field is not one of a {record}",
        "há {to}, e esse campo não é de {record~}",
    ),
    (
        "contact_… belongs to persons and companies, deal_… to deals",
        "contact_… é de pessoas e empresas, deal_… é de negócios",
    ),
    ("found {to}, but {create} creates no {record}", "há {to}, mas {create} não cria {record~}"),
    ("{to} is mapped already by line {line}", "{to} já é preenchido pela linha {line}"),
    ("{to} is mapped already", "{to} já é preenchido"),
    (
        "the map does not give {to}, which {create} needs",
        "o mapa não preenche {to}, que {create} precisa",
    ),
    ("add a [[route.map]] with to = {to}", "acrescente uma [[route.map]] com to = {to}"),
    // Routes.
    ("it is part of each lead's key", "faz parte da chave de cada lead"),
    (
        "which contacts belong to the route is missing",
        "falta dizer quais contatos pertencem à rota",
    ),
    (
        "write one of automation = 12, tag = \"…\", list = 3, every_contact = true",
        "escreva um destes: automation = 12, tag = \"…\", list = 3, every_contact = true",
    ),
    ("{keys} are given, expected one of them", "{keys} estão escritos, e se esperava só um deles"),
    ("for both, write two routes", "para os dois, escreva duas rotas"),
    ("{key} is missing, and the route creates deals", "falta {key}, e a rota cria negócios"),
    (
        "`ponte fields ploomes` lists pipelines and stages",
        "`ponte fields ploomes` mostra funis e estágios",
    ),
    (
        "this says nothing: the route creates no deals",
        "isto não diz nada: a rota não cria negócios",
    ),
    ("found no id, expected a number above 0", "não há id; se esperava um número acima de 0"),
    ("found neither an id nor an e-mail address", "não há um id nem um e-mail"),
    ("the list is empty", "a lista está vazia"),
    ("leave {key} out", "deixe {key} fora"),
    (
        "a route (line {line}) has the name {name} too",
        "uma rota (linha {line}) também tem o nome {name}",
    ),
    ("a route has the name {name} too", "uma rota também tem o nome {name}"),
    (
        "found {was}, which a route still has as its name",
        "há {was}, que ainda é o nome de uma rota",
    ),
    (
        "found {was}, which another route gives as its old name too",
        "há {was}, que outra rota também dá como nome antigo",
    ),
    (
        "the route {name} has this token too (line {line})",
        "a rota {name} também tem este token (linha {line})",
    ),
    ("the route {name} has this token too", "a rota {name} também tem este token"),
    (
        "each needs its own: it tells whose delivery it is",
        "cada uma precisa do seu: é ele que diz de quem é o webhook",
    ),
    (
        "the longest wait, `max`, is shorter than `first`",
        "a espera mais longa, `max`, é menor que `first`",
    ),
    (
        "{address} is not on loopback, so `password_hash` is needed",
        "{address} não é loopback, por isso é preciso `password_hash`",
    ),
    ("`ponte password` makes one", "`ponte password` faz um"),
    (
        "{rate} {unit} is more than the {allowed} that an account has",
        "{rate} {unit~} é mais que os {allowed} que uma conta tem",
    ),
    ("requests above it are refused with 429", "pedidos acima disso são recusados com 429"),
    // Values.
    ("units: ms, s, m, h, d", "unidades: ms, s, m, h, d"),
    ("the seconds come first: {example}", "os segundos vêm primeiro: {example}"),
    (
        "seconds minutes hours day month weekday, such as {example}",
        "segundos minutos horas dia mês dia-da-semana, como {example}",
    ),
    ("there is no such day in any year", "esse dia não existe em ano nenhum"),
    (
        "found a URL with `?` or `#`, expected one without",
        "há uma URL com `?` ou `#`, e se esperava uma sem isso",
    ),
    ("no URL, expected one {example}", "não é uma URL; se esperava uma {example~}"),
    ("no host, expected a URL {example}", "falta o servidor; se esperava uma URL {example~}"),
    (
        "a URL with a user or password, expected one without",
        "uma URL com usuário ou senha; se esperava uma sem isso",
    ),
    ("found http://, expected https://", "há http://, e se esperava https://"),
    (
        "plain http:// is for loopback hosts only: the key would be readable on its way",
        "http:// só serve para loopback: a chave poderia ser lida no caminho",
    ),
    ("expected a URL with https://, {example}", "se esperava uma URL com https://, {example~}"),
    (
        "with a time it needs an offset: {example}",
        "com hora, precisa do deslocamento do fuso: {example}",
    ),
    ("it is empty", "está vazio"),
    (
        "it holds characters that no key has, such as a space or a line end",
        "tem caracteres que nenhuma chave tem, como um espaço ou um fim de linha",
    ),
    (
        "found {length} characters, expected at least {least}",
        "há {length} caracteres, e se esperavam ao menos {least}",
    ),
    ("`openssl rand -hex 16` makes a good one", "`openssl rand -hex 16` faz um bom"),
    (
        "it holds characters that a URL does not carry as they are",
        "tem caracteres que uma URL não leva como são",
    ),
    ("use letters, digits, `-`, `.`, `_` and `~`", "use letras, dígitos, `-`, `.`, `_` e `~`"),
    ("this is no argon2 hash", "isto não é um hash argon2"),
    // Editing the file.
    (
        "{path} is not TOML (line {line}: {words}); put that right first",
        "{path} não é TOML (linha {line}: {words*}); corrija isso antes",
    ),
    ("{path} has no route with the name {name}", "{path} não tem rota com o nome {name}"),
    (
        "{key} is set by {variable} in the environment, which wins over the file; set it there",
        "{key} é definido por {variable} no ambiente, que vale mais que o arquivo; defina lá",
    ),
    (
        "{path} was changed by somebody else meanwhile; look at it and try again",
        "{path} foi mudado por outra pessoa nesse meio-tempo; veja e tente de novo",
    ),
    ("cannot write {path}: {words}", "não é possível escrever {path}: {words~}"),
    (
        "it belongs to somebody else, which must stay so ({words})",
        "pertence a outro usuário, e tem de continuar assim ({words*})",
    ),
    (
        "the service takes over no configuration now",
        "o serviço não assume configuração nenhuma agora",
    ),
];

/// What was found or expected.
pub(super) const WORDS: &[Phrase] = &[
    ("a string", "um texto entre aspas"),
    ("a number", "um número"),
    ("true or false", "true ou false"),
    ("a date", "uma data"),
    ("a list", "uma lista"),
    ("a table", "uma tabela"),
    ("the string {text}", "o texto {text*}"),
    ("the number {number}", "o número {number}"),
    ("a section, written as {section}", "uma seção, escrita como {section}"),
    ("tables written as {tables}", "tabelas escritas como {tables}"),
    ("a string with the path of a file", "um texto com o caminho de um arquivo"),
    ("a string with a URL", "um texto com uma URL"),
    ("a string with a duration, such as {example}", "um texto com uma duração, como {example}"),
    (
        "a string with a cron expression of six fields",
        "um texto com uma expressão cron de seis campos",
    ),
    ("a string with a time zone, such as {example}", "um texto com um fuso, como {example}"),
    ("a string with an address, such as {example}", "um texto com um endereço, como {example}"),
    ("one of {words}", "um destes: {words}"),
    ("a whole number", "um número inteiro"),
    ("a name as a string or an id as a number", "um nome como texto ou um id como número"),
    ("a date, such as {example}", "uma data, como {example}"),
    ("an e-mail address, an id, or a list of those", "um e-mail, um id, ou uma lista deles"),
    ("a list of strings", "uma lista de textos"),
    ("more than nothing", "mais que nada"),
    ("at least {least}", "ao menos {least}"),
    ("between {least} and {most}", "entre {least} e {most}"),
    ("a duration, such as {example}", "uma duração, como {example}"),
    ("at most {most} characters", "no máximo {most} caracteres"),
    ("at most {most}", "no máximo {most}"),
    ("a cron expression of six fields", "uma expressão cron de seis campos"),
    ("an expression that comes due", "uma expressão que chega a vencer"),
    ("a time zone, such as {example}", "um fuso, como {example}"),
    ("an IP address and a port, such as {example}", "um endereço IP e uma porta, como {example}"),
    ("the name of a contact's value", "o nome de um valor do contato"),
    (
        "person.<Property>, company.<Property> or deal.<Property>",
        "person.<Propriedade>, company.<Propriedade> ou deal.<Propriedade>",
    ),
    (
        "a name without `/`, line ends, or spaces around it",
        "um nome sem `/`, sem fins de linha e sem espaços em volta",
    ),
    (
        "the key of a custom field of deals: deal_…",
        "a chave de um campo personalizado de negócios: deal_…",
    ),
    ("such as {example}", "como {example}"),
    ("a second", "por segundo"),
    ("a minute", "por minuto"),
    (
        "{key} or {other} under {section}, or set {variable}",
        "{key} ou {other} em {section}, ou defina {variable}",
    ),
    ("{key} or {other}, or set {variable}", "{key} ou {other}, ou defina {variable}"),
    ("{key} under {section}, or set {variable}", "{key} em {section}, ou defina {variable}"),
    ("{key}, or set {variable}", "{key}, ou defina {variable}"),
];
