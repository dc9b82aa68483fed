//! Routes: how each is configured, and its builder.

use super::words;

words! {
    /// The table of routes, and one route.
    Routes {
        title: "Routes", "Rotas";
        one: "Route {route}", "Rota {route}";
        note: "A route is one way from ActiveCampaign to Ploomes.", "Uma rota é um caminho do ActiveCampaign ao Ploomes.";
        none: "No route is configured. Add one here, or `ponte setup` makes the first one.", "Nenhuma rota está configurada. Adicione uma aqui, ou `ponte setup` cria a primeira.";
        add: "Add a route", "Adicionar rota";
        status: "Status", "Estado";
        on: "on", "ligada";
        off: "off: webhooks are kept, nothing is written", "desligada: os webhooks são guardados, nada é escrito";
        paused: "paused: webhooks are kept, nothing is written", "pausada: os webhooks são guardados, nada é escrito";
        held: "held", "retida";
        pause: "Pause", "Pausar";
        resume: "Resume", "Retomar";
        edit: "Edit", "Editar";
        switch_on: "Switch on", "Ligar";
        switch_off: "Switch off", "Desligar";
        members: "Which contacts", "Quais contatos";
        automation: "enter automation {id}", "entram na automação {id}";
        tag: "have the tag {tag}", "têm a tag {tag}";
        list: "are on list {id}", "estão na lista {id}";
        every: "every contact", "todos os contatos";
        url: "Webhook URL", "URL do webhook";
        url_note: "In ActiveCampaign, make the Webhook action the first of the automation, with this URL. Put your own https address in front.", "No ActiveCampaign, ponha a ação Webhook como a primeira da automação, com esta URL. Coloque na frente o seu endereço https.";
        show_url: "Show the URL", "Mostrar a URL";
        create: "Creates", "Cria";
        company_person_deal: "company, person and deal", "empresa, pessoa e negócio";
        person_deal: "person and deal", "pessoa e negócio";
        company_person: "company and person", "empresa e pessoa";
        pipeline: "Pipeline", "Funil";
        stage: "Stage", "Estágio";
        guard: "No new deal while one is open", "Sem novo negócio enquanto houver um aberto";
        existing: "A person or company that exists", "Pessoa ou empresa que já existe";
        fill: "empty fields are filled", "campos vazios são preenchidos";
        overwrite: "fields are overwritten", "campos são sobrescritos";
        leave: "left as it is", "fica como está";
        owner: "Owner", "Responsável";
        origin: "Origin", "Origem";
        tags: "Tags", "Tags";
        webhook_within: "The webhook may come within", "O webhook pode chegar em até";
        since: "Since", "Desde";
        map: "Field map", "Mapa de campos";
        from: "From ActiveCampaign", "Do ActiveCampaign";
        to: "To Ploomes", "Para o Ploomes";
        required: "Required", "Obrigatório";
        template: "template", "modelo";
        leads: "Its leads", "Leads dela";
        behaviour: "Behaviour", "Comportamento";
        note_key: "Note", "Nota";
    }
}

words! {
    /// A dry run on a real contact.
    Dry {
        title: "Dry run", "Ensaio";
        note: "What would be done for a real contact now, and why. Both accounts are asked; nothing is written.", "O que seria feito agora por um contato real, e por quê. As duas contas são consultadas; nada é escrito.";
        contact: "E-mail or number of a contact", "E-mail ou número de um contato";
        submit: "Try it", "Ensaiar";
        not_understood: "This is no e-mail and no number. Write the contact's whole e-mail address, or its number in ActiveCampaign.", "Isto não é e-mail nem número. Escreva o e-mail inteiro do contato, ou o número dele no ActiveCampaign.";
        held: "The route is held", "A rota está retida";
        not_yet: "not yet a lead", "ainda não é lead";
        outcome: "What becomes of the lead", "O que acontece com o lead";
        steps: "Steps", "Passos";
        warnings: "Notes", "Observações";
        again: "Try another contact", "Ensaiar outro contato";
    }
}

words! {
    /// The form that edits a route.
    RouteForm {
        title: "Edit route {route}", "Editar rota {route}";
        new_title: "A new route", "Nova rota";
        name: "Name", "Nome";
        name_note: "It is part of each lead's key and stays; a short word is best, such as site.", "Faz parte da chave de cada lead e fica; melhor uma palavra curta, como site.";
        enabled: "Enabled", "Ligada";
        enabled_note: "Off: webhooks are kept, nothing is written yet.", "Desligada: os webhooks são guardados, nada é escrito ainda.";
        read_lists: "Read the live lists from both accounts", "Ler as listas ao vivo das duas contas";
        lists_there: "The lists of both accounts are here: choose, or write.", "As listas das duas contas estão aqui: escolha ou escreva.";
        lists_trouble: "Not all lists could be read, and names can be written by hand:", "Nem todas as listas puderam ser lidas, e os nomes podem ser escritos à mão:";
        members: "Contacts that", "Contatos que";
        members_of: "Which one", "Qual";
        automation: "enter the automation with the number", "entram na automação de número";
        tag: "have the tag", "têm a tag";
        list: "are on the list with the number", "estão na lista de número";
        every: "are in the account: every one", "estão na conta: todos";
        since_note: "A date such as 2026-01-31. Empty: since the route's first start.", "Uma data como 2026-01-31. Vazio: desde o primeiro início da rota.";
        within_note: "Such as 15m or 2h.", "Como 15m ou 2h.";
        several: "Several are separated by commas.", "Vários são separados por vírgulas.";
        note_note: "What is written beside person and deal; empty: nothing.", "O que é escrito junto da pessoa e do negócio; vazio: nada.";
        try_title: "Dry run with what stands above", "Ensaio com o que está acima";
        try_note: "What would be done for a real contact if the route were as above, and why. Nothing is saved, nothing is written.", "O que seria feito por um contato real se a rota fosse como acima, e por quê. Nada é salvo, nada é escrito.";
        tried: "What would be done", "O que seria feito";
        lists_missing: "Without the live lists, names can still be written by hand.", "Sem as listas ao vivo, os nomes ainda podem ser escritos à mão.";
        usual_map: "Without any row the route has the usual map: name, e-mail, phone, company and the deal's title.", "Sem nenhuma linha a rota tem o mapa de costume: nome, e-mail, telefone, empresa e título do negócio.";
        add: "Add a row", "Adicionar linha";
        template_note: "Braces make it a template, such as {example}.", "Chaves fazem um modelo, como {example}.";
        save: "Save and use", "Salvar e usar";
        show: "Show the TOML", "Mostrar o TOML";
        wrong: "This cannot be used yet", "Isto ainda não pode ser usado";
        wrong_do: "Nothing was saved. Put right what is named here.", "Nada foi salvo. Corrija o que está apontado aqui.";
        read_only: "The file {file} cannot be written from here. Put this into it, and start ponte again or send it SIGHUP:", "O arquivo {file} não pode ser escrito daqui. Coloque isto nele e reinicie o ponte ou envie SIGHUP:";
        changed: "The configuration file changed meanwhile. Look at the form again: it shows the file as it is now.", "O arquivo de configuração mudou nesse meio-tempo. Veja o formulário de novo: ele mostra o arquivo como está agora.";
        unreadable: "The configuration file cannot be edited as it is", "O arquivo de configuração não pode ser editado como está";
        unreadable_do: "ponte goes on with what it read before. Put the file right on the server; `ponte check` says where.", "O ponte segue com o que leu antes. Corrija o arquivo no servidor; `ponte check` diz onde.";
        not_taken: "It is saved, but not in use yet", "Foi salvo, mas ainda não está em uso";
        not_taken_do: "ponte goes on with what it had. Start it again to use the file, or put it right first.", "O ponte segue com o que tinha. Reinicie-o para usar o arquivo, ou corrija antes.";
        kept: "Comments in the file are kept.", "Os comentários do arquivo são mantidos.";
    }
}
