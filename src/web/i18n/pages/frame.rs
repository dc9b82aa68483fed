//! What stands on every page: navigation, signing in, notices, refusals.

use super::words;

words! {
    /// Words that several pages have.
    Common {
        route: "Route", "Rota";
        all_routes: "all routes", "todas as rotas";
        lead: "Lead", "Lead";
        contact: "Contact", "Contato";
        state: "State", "Situação";
        reason: "Why", "Motivo";
        when: "When", "Quando";
        received: "Received", "Recebido";
        records: "In Ploomes", "No Ploomes";
        found_by: "Noticed by", "Percebido por";
        older: "Older ones", "Mais antigos";
        newest: "Newest", "Mais recentes";
        yes: "yes", "sim";
        no: "no", "não";
        none: "none", "nenhum";
        back: "Back", "Voltar";
        retry: "Try again", "Tentar de novo";
        copy: "Copy", "Copiar";
        copied: "Copied", "Copiado";
        look: "Look", "Ver";
        save: "Save", "Salvar";
    }
}

words! {
    /// What stands around every page.
    Frame {
        skip: "Skip to the content", "Ir para o conteúdo";
        navigation: "Pages", "Páginas";
        overview: "Overview", "Visão geral";
        leads: "Leads", "Leads";
        waiting: "To do", "Pendências";
        runs: "Reconciliations", "Conciliações";
        routes: "Routes", "Rotas";
        person: "Personal data", "Dados pessoais";
        settings: "Settings and health", "Configuração e saúde";
        language: "Idioma: português", "Language: English";
        sign_out: "Sign out", "Sair";
        unprotected: "This page has no password: anybody on this machine can use it. `ponte password` makes one for `admin.password_hash`.", "Esta página está sem senha: qualquer pessoa nesta máquina pode usá-la. `ponte password` gera uma para `admin.password_hash`.";
        waits: "{count} wait for you", "{count} esperam por você";
    }
}

words! {
    /// The sign-in page.
    SignIn {
        title: "Sign in", "Entrar";
        password: "Password", "Senha";
        submit: "Sign in", "Entrar";
        hint: "It is the one whose hash stands in `admin.password_hash`. If it is lost, `ponte password` makes a new one on the server.", "É aquela cujo hash está em `admin.password_hash`. Se foi perdida, `ponte password` gera outra no servidor.";
        wrong: "The password is wrong. Check capitals and the keyboard's language, and try again; each wrong try makes the next one slower.", "Senha incorreta. Confira maiúsculas e o idioma do teclado e tente de novo; cada erro deixa a próxima tentativa mais lenta.";
        busy: "Too many tries are being checked at this moment. Wait a few seconds and try again.", "Há tentativas demais sendo verificadas neste momento. Espere alguns segundos e tente de novo.";
        broken: "Nobody can sign in: `admin.password_hash` is no argon2 hash. `ponte password` makes one.", "Ninguém consegue entrar: `admin.password_hash` não é um hash argon2. `ponte password` gera um.";
        ended: "You were signed out because nothing happened for a while. Sign in to go on.", "Sua sessão terminou por falta de uso. Entre de novo para continuar.";
    }
}

words! {
    /// What is said after something was done.
    Notices {
        retried_one: "1 lead is in the queue again.", "1 lead voltou para a fila.";
        retried: "{count} leads are in the queue again.", "{count} leads voltaram para a fila.";
        looked_one: "1 webhook is looked at again.", "1 webhook será analisado de novo.";
        looked: "{count} webhooks are looked at again.", "{count} webhooks serão analisados de novo.";
        nothing: "Nothing was put back: what was chosen no longer waits.", "Nada voltou para a fila: o que foi escolhido já não espera.";
        none_chosen: "Nothing was chosen. Tick at least one line.", "Nada foi escolhido. Marque pelo menos uma linha.";
        paused: "The route is paused: webhooks are kept, nothing is written.", "A rota está pausada: os webhooks são guardados, nada é escrito.";
        resumed: "The route writes again.", "A rota voltou a escrever.";
        saved: "The configuration is saved and in use.", "A configuração foi salva e já está em uso.";
        written: "The configuration is saved. It is in use once ponte is started again.", "A configuração foi salva. Ela entra em uso quando o ponte for reiniciado.";
        erased: "Everything held of this person is removed.", "Tudo o que havia desta pessoa foi removido.";
        lifted: "The mark is lifted: this person can become a lead again.", "A marca foi retirada: esta pessoa pode voltar a ser lead.";
    }
}

words! {
    /// What was refused, and what to do.
    Refusals {
        missing: "There is no such page", "Esta página não existe";
        missing_do: "The address may be old or mistyped. The navigation leads to every page.", "O endereço pode ser antigo ou ter erro de digitação. O menu leva a todas as páginas.";
        no_lead: "There is no lead {lead}", "Não existe o lead {lead}";
        no_lead_do: "A lead's name is that of its route and the number of its entry, such as site/51. Look for it by the contact's e-mail.", "O nome de um lead é o da rota e o número da entrada, como site/51. Procure pelo e-mail do contato.";
        no_contact: "The ledger has nothing of this contact", "O ledger não tem nada deste contato";
        no_contact_do: "It never entered a route, or was erased. Under Routes, a dry run on the contact says what would be done for it now.", "Ele nunca entrou em uma rota, ou foi apagado. Em Rotas, um ensaio com o contato diz o que seria feito agora.";
        no_route: "There is no route {route}", "Não existe a rota {route}";
        no_route_do: "The page Routes lists those of the configuration.", "A página Rotas lista as da configuração.";
        no_run: "There is no reconciliation {run}", "Não existe a conciliação {run}";
        no_run_do: "The page Reconciliations lists them.", "A página Conciliações lista todas.";
        no_job: "This answer is gone", "Esta resposta já não existe";
        no_job_do: "Answers are kept for ten minutes. Ask again.", "As respostas são guardadas por dez minutos. Peça de novo.";
        stale: "This form is out of date", "Este formulário está desatualizado";
        stale_do: "You signed in or out, or ponte was started again since it was opened. Go back, load the page again and repeat.", "Você entrou ou saiu, ou o ponte foi reiniciado desde que ele foi aberto. Volte, recarregue a página e repita.";
        foreign: "This request came from another site", "Este pedido veio de outro site";
        foreign_do: "Nothing was done. Open this page directly, and use its own buttons.", "Nada foi feito. Abra esta página diretamente e use os botões dela.";
        host: "This page is open on this machine only", "Esta página só abre nesta máquina";
        host_do: "Without a password it answers under localhost and 127.0.0.1. Set `admin.password_hash` to use another name.", "Sem senha ela responde em localhost e 127.0.0.1. Defina `admin.password_hash` para usar outro nome.";
        ledger: "The ledger does not answer", "O ledger não responde";
        ledger_do: "Nothing was changed. Look whether the disk is full or read-only, then try again.", "Nada foi alterado. Veja se o disco está cheio ou só para leitura e tente de novo.";
        unreadable: "This request cannot be read", "Este pedido não pode ser lido";
        unreadable_do: "Go back, load the page again and repeat.", "Volte, recarregue a página e repita.";
        broken: "The answer could not be made", "A resposta não pôde ser feita";
        busy: "Too many pages follow the numbers at once", "Páginas demais acompanham os números ao mesmo tempo";
    }
}
