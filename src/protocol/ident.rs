//! The Identification Protocol (RFC 1413): one question, one answer.
//!
//! Answers for what may be believed of an answer: a word that can be a login,
//! for the connection that was asked about. Must never know who asks, or why.

/// The longest name that is believed, in bytes: what utmp(5) holds of one.
const MAX_NAME: usize = 32;
/// The longest error that is quoted, in bytes.
const MAX_ERROR: usize = 64;

/// Asks whose a connection is, by the port at the side that is asked and the
/// port at ours.
pub fn query(theirs: u16, ours: u16) -> Vec<u8> {
    format!("{theirs}, {ours}\r\n").into_bytes()
}

/// The login that an answer names, or why it names none.
///
/// The answer is a line, with its end or without. Of the system it only
/// matters that it is not `OTHER`, which says that the name is no login.
pub fn read(line: &[u8], theirs: u16, ours: u16) -> Result<String, String> {
    let strange = || Err("not an answer of ident".to_owned());
    let Ok(line) = std::str::from_utf8(line) else {
        return strange();
    };
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut fields = line.splitn(3, ':').map(trimmed);
    let (Some(ports), Some(kind), Some(rest)) = (fields.next(), fields.next(), fields.next())
    else {
        return strange();
    };
    let mut ports = ports.split(',').map(port);
    if (ports.next(), ports.next(), ports.next()) != (Some(Some(theirs)), Some(Some(ours)), None) {
        return Err("an answer about another connection".to_owned());
    }
    if kind == "ERROR" {
        let plain = rest.len() <= MAX_ERROR && rest.bytes().all(|byte| byte.is_ascii_graphic());
        return Err(if plain { rest } else { "an unknown error" }.to_owned());
    }
    let (true, Some((system, name))) = (kind == "USERID", rest.split_once(':')) else {
        return strange();
    };
    // Behind a comma stands the character set.
    if system.split(',').next().map(trimmed) == Some("OTHER") {
        return Err("a name that is no login".to_owned());
    }
    login(trimmed(name))
}

fn trimmed(field: &str) -> &str {
    field.trim_matches([' ', '\t'])
}

fn port(field: &str) -> Option<u16> {
    let digits = trimmed(field);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn login(name: &str) -> Result<String, String> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ':' | '@');
    if name.is_empty() || name.contains(odd) {
        return Err("a name that can be no login".to_owned());
    }
    if name.len() > MAX_NAME {
        return Err(format!("a name of more than {MAX_NAME} bytes"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(line: &str) -> Result<String, String> {
        read(line.as_bytes(), 6193, 23)
    }

    #[test]
    fn the_port_that_is_asked_about_comes_first() {
        assert_eq!(query(6193, 23), b"6193, 23\r\n");
    }

    #[test]
    fn a_login_is_read_whatever_the_blanks_and_the_system() {
        for line in [
            // As the RFC, oidentd, pidentd and nullidentd write it.
            "6193, 23 : USERID : UNIX : stjohns\r\n",
            "6193,23:USERID:UNIX:stjohns\r\n",
            "6193 , 23 : USERID : UNIX :stjohns\r\n",
            "6193, 23 : USERID : UNIX , US-ASCII : stjohns",
            " 6193\t,\t23 :USERID: MULTICS : stjohns\n",
            "6193, 23 : USERID : WIN32 : stjohns ",
        ] {
            assert_eq!(told(line).as_deref(), Ok("stjohns"), "{line:?}");
        }
        let line = format!("6193,23:USERID:UNIX,UTF-8: {}", "ü".repeat(16));
        assert_eq!(told(&line).as_deref(), Ok(&*"ü".repeat(16)));
    }

    #[test]
    fn errors_are_quoted_if_they_are_words() {
        for (error, quoted) in [
            ("NO-USER", "NO-USER"),
            ("HIDDEN-USER", "HIDDEN-USER"),
            ("INVALID-PORT", "INVALID-PORT"),
            ("UNKNOWN-ERROR\r\n", "UNKNOWN-ERROR"),
            ("X-BUSY", "X-BUSY"),
            ("\u{1b}[2J", "an unknown error"),
            ("two words", "an unknown error"),
            (&"x".repeat(65), "an unknown error"),
        ] {
            let line = format!("6193, 23 : ERROR : {error}");
            assert_eq!(told(&line), Err(quoted.to_owned()));
        }
    }

    #[test]
    fn an_answer_about_another_connection_is_no_answer() {
        for ports in [
            "23, 6193",
            "6193, 24",
            "6193",
            "6193, 23, 1",
            "+6193, 23",
            "6193, 65559",
            "",
            ",",
        ] {
            let line = format!("{ports} : USERID : UNIX : joe");
            let wrong = Err("an answer about another connection".to_owned());
            assert_eq!(told(&line), wrong, "{ports}");
        }
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        for line in [
            "",
            "\r\n",
            "joe",
            "6193, 23",
            "6193, 23 : USERID",
            "6193, 23 : USERID : joe",
            "6193, 23 : userid : UNIX : joe",
            "6193, 23 : NOBODY : UNIX : joe",
        ] {
            assert_eq!(
                told(line),
                Err("not an answer of ident".to_owned()),
                "{line:?}"
            );
        }
        let binary = b"6193, 23 : USERID : UNIX : jo\xff";
        assert!(read(binary, 6193, 23).is_err());
    }

    /// CVE-2002-0332 was a long one.
    #[test]
    fn cve_2002_0332_names_that_can_be_no_logins_are_not_believed() {
        for name in [
            "",
            " ",
            "joe doe",
            "joe:x",
            "joe@host",
            "jo\u{1b}e",
            "joe\0",
            "joe\rann",
            "joe\nann",
            "jo\u{9b}e",
            "jo\u{2028}e",
        ] {
            let line = format!("6193, 23 : USERID : UNIX : {name}");
            assert_eq!(
                told(&line),
                Err("a name that can be no login".to_owned()),
                "{name:?}"
            );
        }
        let line = |length| format!("6193, 23 : USERID : UNIX : {}", "x".repeat(length));
        assert!(told(&line(32)).is_ok());
        for length in [33, 1000, 1_000_000] {
            assert_eq!(
                told(&line(length)),
                Err("a name of more than 32 bytes".to_owned())
            );
        }
        for system in ["OTHER", " OTHER , US-ASCII "] {
            let line = format!("6193, 23 : USERID :{system}: joe");
            assert_eq!(told(&line), Err("a name that is no login".to_owned()));
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(line: Vec<u8>, rest in "[:, 0-9A-Za-z\r\n\u{1b}]{0,40}") {
            _ = read(&line, 6193, 23);
            let line = format!("6193, 23 : USERID : UNIX : {rest}");
            if let Ok(name) = told(&line) {
                prop_assert!(name.len() <= 32 && !name.contains(char::is_control));
            }
        }
    }
}
