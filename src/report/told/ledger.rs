//! What is said where the ledger fails.

use super::Phrase;

/// Failures of the ledger, each with what to do.
pub(super) const SENTENCES: &[Phrase] = &[
    (
        "the ledger is locked by another process; try again, or end what holds it",
        "o ledger está bloqueado por outro processo; tente de novo, ou encerre o que o segura",
    ),
    (
        "the ledger cannot be written; check the owner of the file, its directory and mount",
        "o ledger não pode ser escrito; confira o dono do arquivo, a pasta e a montagem",
    ),
    (
        "the disk of the ledger is full; make room, what was accepted is kept",
        "o disco do ledger está cheio; libere espaço, o que foi aceito está guardado",
    ),
    (
        "the disk of the ledger failed ({words}); look at the disk, its mount and quotas, and \
         limits on the size of files; what was accepted is kept",
        "o disco do ledger falhou ({words*}); veja o disco, a montagem, as cotas e os limites do \
         tamanho de arquivos; o que foi aceito está guardado",
    ),
    (
        "the ledger has schema {found} and this ponte knows {known}; run the newer ponte",
        "o ledger tem o esquema {found} e este ponte conhece {known}; use o ponte mais novo",
    ),
    (
        "{path} is not a ledger of ponte; name another file in ledger.path",
        "{path} não é um ledger do ponte; indique outro arquivo em ledger.path",
    ),
    (
        "another ponte is running on this ledger ({path} is locked); stop it first",
        "outro ponte está usando este ledger ({path} está bloqueado); pare-o antes",
    ),
    (
        "route {new} has the contacts of route {old}, which is configured no more; if it was \
         renamed, give it was = {same}, so that its leads stay its leads",
        "a rota {new} tem os contatos da rota {old}, que não está mais configurada; se ela mudou \
         de nome, escreva nela was = {same}, para que os leads continuem dela",
    ),
    (
        "route {route} changed between an automation and other contacts; its leads could not be \
         told apart any more: give the new way a route of its own",
        "a rota {route} trocou uma automação por outros contatos, ou o contrário; os leads dela não \
         se distinguiriam mais: dê ao novo caminho uma rota própria",
    ),
    (
        "cannot use {path}; check that it exists and who may write it",
        "não é possível usar {path}; confira se existe e quem pode escrever nele",
    ),
    (
        "the tombstones in {path} cannot be read; put the file back from a copy, or the people who \
         were erased may come back",
        "as lápides em {path} não podem ser lidas; reponha o arquivo de uma cópia, ou as pessoas \
         apagadas podem voltar",
    ),
    ("the person of lead {lead} was erased", "a pessoa do lead {lead} foi apagada"),
    (
        "the ledger's {table} {row} holds an unknown {column}; run `ponte audit`",
        "no ledger, {table} {row} tem {column} desconhecido; execute `ponte audit`",
    ),
    (
        "a change of the ledger hit {actual} rows and not {expected}; run `ponte audit`",
        "uma mudança no ledger atingiu {actual} linhas e não {expected}; execute `ponte audit`",
    ),
    (
        "work on the ledger broke off and was taken back; please report this as a bug",
        "um trabalho no ledger foi interrompido e desfeito; por favor avise quem mantém o programa",
    ),
    ("the ledger is closed; start ponte again", "o ledger está fechado; inicie o ponte de novo"),
    (
        "the ledger failed ({words}); run `ponte audit`",
        "o ledger falhou ({words*}); execute `ponte audit`",
    ),
];
