use super::*;

fn portuguese(said: &str) -> String {
    told(Language::Portuguese, said)
}

#[test]
fn english_is_left_as_it_is() {
    assert_eq!(told(Language::English, "open deal 123"), "open deal 123");
}

#[test]
fn reasons_are_told_with_what_stands_in_them() {
    for (english, expected) in [
        ("open deal 123", "negócio 123 em aberto"),
        ("contact not in automation 12", "o contato não está em: automação 12"),
        ("field.CPF is empty", "field.CPF está vazio"),
        ("person.CPF: field.CPF is no date", "person.CPF: field.CPF não é uma data"),
        ("field.CPF is empty; field.X is no date", "field.CPF está vazio; field.X não é uma data"),
        (
            "person 7 is gone from Ploomes; no person has this e-mail, CPF or phone",
            "pessoa 7 não está mais no Ploomes; não há pessoa com este e-mail, CPF ou telefone",
        ),
        (
            "2 companies have this name: 4, 9; the oldest is taken",
            "2 empresas têm este nome: 4, 9; vale o registro mais antigo",
        ),
        ("it has this e-mail; nothing to write", "tem este e-mail; nada a escrever"),
        ("given up: Ploomes answered 503", "desistiu: o Ploomes respondeu 503"),
        (
            "site: ActiveCampaign GET /contacts: no answer within 30 s",
            "site: ActiveCampaign GET /contacts: nenhuma resposta em 30 s",
        ),
        (
            "stage: there is no stage \"Novo\" in the pipeline \"Vendas\" (did you mean \"Nova\"?)",
            "stage: não há estágio \"Novo\" no funil \"Vendas\" (quis dizer \"Nova\"?)",
        ),
        (
            "found \"5 x\", expected a duration, such as \"30s\"",
            "há \"5 x\", e se esperava uma duração, como \"30s\"",
        ),
        (
            "found the number 5, expected a string",
            "há o número 5, e se esperava um texto entre aspas",
        ),
    ] {
        assert_eq!(portuguese(english), expected);
    }
}

#[test]
fn what_a_server_says_is_shown_as_it_came_inside_a_sentence_of_ours() {
    assert_eq!(
        portuguese("Ploomes refuses the person (400): Nome; open deal 1: inválido"),
        "o Ploomes recusa: pessoa (400): Nome; open deal 1: inválido"
    );
    assert_eq!(portuguese("Nome inválido; tente"), "Nome inválido; tente");
}

#[test]
fn a_text_that_is_made_to_take_for_ever_is_left_as_it_came() {
    for piece in ["a; b: c (d)", "x: ", " (y)", "no a has this ", "found 1, expected "] {
        for times in [40, 2_000] {
            let said = piece.repeat(times);
            assert!(!portuguese(&said).is_empty());
        }
        let joined = [piece; 300].join("; ");
        assert!(!portuguese(&joined).is_empty());
    }
}

#[test]
fn every_hole_is_filled_in_both_languages() {
    for pattern in BOOK.sentences.iter().chain(&BOOK.words) {
        let names = |text: &'static str| {
            let holes = text.split('{').skip(1).filter_map(|it| it.split_once('}'));
            let mut names: Vec<&str> = holes.map(|it| it.0.trim_end_matches(['~', '*'])).collect();
            names.sort_unstable();
            names
        };
        let all = [
            plans::SENTENCES,
            plans::REMARKS,
            plans::WORDS,
            rules::SENTENCES,
            rules::WORDS,
            calls::SENTENCES,
            calls::WORDS,
            alerts::SENTENCES,
            alerts::WORDS,
            ledger::SENTENCES,
            config::SENTENCES,
            config::WORDS,
        ];
        let phrase = all.iter().flat_map(|it| it.iter()).find(|it| it.0 == pattern.english);
        let (english, portuguese) = phrase.unwrap();
        assert_eq!(names(english), names(portuguese), "{english}");
        assert!(!portuguese.is_empty(), "{english}");
    }
}
