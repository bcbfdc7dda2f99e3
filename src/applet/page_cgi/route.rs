//! What a path asks for.
//!
//! Answers for the path being taken from behind: where the program is mounted is
//! the web server's affair.

/// Where a request goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The page with the form, and with the result.
    Form,
    /// What programs ask for, in JSON.
    Api(Action),
    /// There is no such place.
    Nowhere,
}

/// What a program can ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// Queue a page for a configured name.
    Page,
    /// Ask a gateway whether it is there.
    SnppProbe,
    /// Send a page through a gateway.
    SnppPage,
}

const ACTIONS: [(&str, Action); 3] = [
    ("/api/page", Action::Page),
    ("/api/snpp/probe", Action::SnppProbe),
    ("/api/snpp/page", Action::SnppPage),
];

/// Where a request goes: by the path behind the program, or, where a server knows the
/// program by another path, by the end of that one.
pub(super) fn place(script: &str, path: &str) -> Place {
    let action = |path: &str| {
        let mut actions = ACTIONS.iter();
        let found = actions.find(|(end, _)| path.ends_with(end));
        found.map(|(_, action)| Place::Api(*action))
    };
    match path {
        "" => action(script).unwrap_or(Place::Form),
        "/" => Place::Form,
        path => action(path).unwrap_or(Place::Nowhere),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_behind() {
        for (script, path, is) in [
            ("/cgi-bin/page-cgi", "", Place::Form),
            ("", "", Place::Form),
            ("/cgi-bin/page-cgi", "/", Place::Form),
            ("/x", "/api/page", Place::Api(Action::Page)),
            ("/x", "/v1/api/page", Place::Api(Action::Page)),
            ("/api/page", "", Place::Api(Action::Page)),
            ("/x/api/snpp/page", "", Place::Api(Action::SnppPage)),
            ("/x", "/api/snpp/probe", Place::Api(Action::SnppProbe)),
            ("/x", "/api/snpp", Place::Nowhere),
            ("/x", "/xapi/page", Place::Nowhere),
            ("/x", "/api/page/", Place::Nowhere),
            ("/x", "/API/page", Place::Nowhere),
            ("/api/page", "/", Place::Form),
            ("/api/page", "/x", Place::Nowhere),
        ] {
            assert_eq!(place(script, path), is, "{script} {path}");
        }
    }
}
