//! The dialogues of specs/tap.md section 12, as far as a central of ours leads them.

use pagebox::protocol::tap::receiver::talk::{End, Settings};

use super::{Call, block, page, shown, wire};
use crate::support::tap::{NOISES, Turn, opening, transcript};

/// A dialogue of ours with what the traces X1 to X20 send: `>` the client, `<` the central.
type Trace = (
    &'static str,
    fn(&mut Settings),
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    Option<End>,
);

const TRACES: &[Trace] = &[
    (
        "X1",
        |_| {},
        &[
            "> <CR>",
            "< ID=",
            "> <ESC>PG1<CR>",
            "< 110 1.8<CR><ACK><CR><ESC>[p<CR>",
            "> <STX>123<CR>ABC<CR><ETX>17;<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <EOT><CR>",
            "< 115 Goodbye<CR><ESC><EOT><CR>",
        ],
        &[("123", "ABC")],
        Some(End::Goodbye),
    ),
    (
        "X2, and the password that classic senders give unasked",
        |settings| settings.version = None,
        &[
            "> <CR>",
            "< ID=",
            "> <ESC>PG1000000<CR>",
            "< <CR><ACK><CR><ESC>[p<CR>",
            "> <STX>1<CR>TEST<CR><ETX>190<CR>",
            "< <CR><ACK><CR>",
            "> <STX>1<CR>TEST<CR><ETX>191<CR>",
            "< <CR><NAK><CR>",
            "> <STX><CR><CR><ETX>01?<CR>",
            "< <CR><RS><CR>",
            "> noise<CR>",
            "< ",
            "> <EOT><CR>",
            "< <ESC><EOT><CR>",
        ],
        &[("1", "TEST")],
        Some(End::Goodbye),
    ),
    (
        "X3",
        |settings| settings.password = true,
        &[
            "> <CR>",
            "< ID=",
            "> <ESC>PG1secret<CR>",
            "< 110 1.8<CR><ACK><CR><ESC>[p<CR>",
            "> <STX>5551212<CR>Server down: db01<CR><ETX>754<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <EOT><CR>",
            "< 115 Goodbye<CR><ESC><EOT><CR>",
        ],
        &[("5551212", "Server down: db01")],
        Some(End::Goodbye),
    ),
    (
        "X4",
        |settings| settings.login = false,
        &[
            "> <STX>5551212<CR>Server d-wn: db01<CR><ETX>754<CR>",
            "< 514 Checksum error<CR><NAK><CR>",
            "> <STX>5551212<CR>Server down: db01<CR><ETX>754<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
        ],
        &[("5551212", "Server down: db01")],
        None,
    ),
    (
        "X5, with one attempt less",
        |settings| settings.login = false,
        &[
            "> <STX>5551212<CR>Server d-wn: db01<CR><ETX>754<CR>",
            "< 514 Checksum error<CR><NAK><CR>",
            "> <STX>5551212<CR>Server d-wn: db01<CR><ETX>754<CR>",
            "< 514 Checksum error<CR><NAK><CR>",
            "> <STX>5551212<CR>Server d-wn: db01<CR><ETX>754<CR>",
            "< 503 Too many attempts<CR><ESC><EOT><CR>",
        ],
        &[],
        Some(End::Blocks),
    ),
    (
        "X6, X18; what the central does in X8, X11 to X14 and X16 are other makers' ways",
        |settings| settings.login = false,
        &[
            "> <STX>nobody<CR>Hi<CR><ETX>35;<CR>",
            "< 511 Invalid pager ID<CR><RS><CR>",
            "> <STX>later<CR>Hi<CR><ETX>2>8<CR>",
            "< 512 Temporarily cannot deliver, try later<CR><RS><CR>",
            "> <STX>5550000<CR>Hi<CR><ETX>22?<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <EOT><CR>",
            "< 115 Goodbye<CR><ESC><EOT><CR>",
        ],
        &[("nobody", "Hi"), ("later", "Hi"), ("5550000", "Hi")],
        Some(End::Goodbye),
    ),
    (
        "X7",
        |settings| settings.password = true,
        &[
            "> <CR>",
            "< ID=",
            "> <ESC>PG1wrong<CR>",
            "< 509 Invalid password<CR><NAK><CR>",
            "> <ESC>PG1wrong<CR>",
            "< 509 Invalid password<CR><NAK><CR>",
            "> <ESC>PG1wrong<CR>",
            "< 509 Invalid password<CR><ESC><EOT><CR>",
        ],
        &[],
        Some(End::Logons),
    ),
    (
        "X10, X17",
        |settings| settings.login = false,
        &[
            "> <STX>5551212<CR>A<SUB>JB<CR><ETX>26;<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <STX>5551212<CR><CR><ETX>184<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <STX>5551212<CR>LINE ONE<CR>LINE TWO<CR><ETX>5?=<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
        ],
        &[
            ("5551212", "A\nB"),
            ("5551212", ""),
            ("5551212", "LINE ONE\nLINE TWO"),
        ],
        None,
    ),
    (
        "X15",
        |settings| {
            settings.login = false;
            settings.max_pages = Some(1);
        },
        &[
            "> <STX>5551212<CR>Server down: db01<CR><ETX>754<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <STX>5550000<CR>Hi<CR><ETX>22?<CR>",
            "< 112 Maximum pages entered for session<CR><ESC><EOT><CR>",
        ],
        &[("5551212", "Server down: db01")],
        Some(End::Pages),
    ),
    (
        "X19, with all that a modem says",
        |_| {},
        &[
            "> <LF>RING<CR><LF>",
            "< ",
            "> ATA<CR>",
            "< ",
            "> CONNECT 1200<CR>",
            "< ",
            "> <LF>OK<CR>",
            "< ",
            "> <CR>",
            "< ID=",
            "> <ESC>PG1<CR>",
            "< 110 1.8<CR><ACK><CR><ESC>[p<CR>",
            "> <STX>5550000<CR>Hi<CR><ETX>22?<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
        ],
        &[("5550000", "Hi")],
        None,
    ),
    (
        "X20, where the next caller must not find the logon",
        |_| {},
        &[
            "> <ESC>PG1<CR>",
            "< 110 1.8<CR><ACK><CR><ESC>[p<CR>",
            "> <STX>5550000<CR>Hi<CR>",
            "< ",
            "> <ETX>22?<CR>",
            "< 211 Page accepted<CR><ACK><CR>",
            "> <CR><LF>NO CARRIER<CR><LF>",
            "< ",
        ],
        &[("5550000", "Hi")],
        Some(End::Carrier),
    ),
];

/// Plays a trace, each thing that the client says made into pieces in some way.
fn play(pieces: &dyn Fn(Vec<u8>) -> Vec<Vec<u8>>) {
    for (name, set, turns, pages, end) in TRACES {
        let mut settings = Settings::default();
        set(&mut settings);
        let mut call = Call::new(settings);
        for turn in *turns {
            if let Some(words) = turn.strip_prefix("> ") {
                for piece in pieces(wire(words)) {
                    call.hear(&piece);
                }
            } else {
                let expected = turn.strip_prefix("< ").unwrap();
                assert_eq!(call.said(), expected, "{name}");
            }
        }
        let pages: Vec<_> = pages.iter().map(|(id, text)| page(id, text)).collect();
        assert_eq!((&call.pages, &call.end), (&pages, end), "{name}");
    }
}

#[test]
fn traces_whole_and_byte_by_byte_and_with_noise() {
    for (_, noise) in NOISES {
        play(&|words| vec![noise(&words)]);
        play(&|words| noise(&words).into_iter().map(|byte| vec![byte]).collect());
    }
}

/// What a reply comes to: the control characters at the end of its last line that has any.
fn sign(reply: &[u8]) -> String {
    let text = shown(reply).replace("<LF>", "");
    let lines = text.split("<CR>").map(str::trim_end);
    let signs = ["<ESC><EOT>", "<ESC>[p", "<ACK>", "<NAK>", "<RS>", "ID="];
    let found = lines.filter_map(|line| signs.iter().find(|sign| line.ends_with(**sign)));
    found
        .last()
        .map_or_else(String::new, |sign| (*sign).to_owned())
}

/// What our central says otherwise than the one of a trace: it says at once that blocks may come, to
/// the first good logon; it hangs up after three bad blocks; and it keeps its word.
const OTHERWISE: [(&str, usize, &str); 4] = [
    ("x05", 2, "<ESC><EOT>"),
    ("x08", 0, "<ESC>[p"),
    ("x12", 0, "<ESC>[p"),
    ("x20", 0, "<ACK>"),
];

#[test]
fn the_clients_of_all_traces_are_understood() {
    for number in 1..=20 {
        let name = format!("x{number:02}");
        let turns = transcript(&name);
        let mut call = Call::new(Settings {
            version: (number != 2).then(|| "1.8".to_owned()),
            password: matches!(number, 3 | 7),
            max_pages: (number == 15).then_some(1),
            ..Settings::default()
        });
        for turn in opening(&turns) {
            if let Turn::Client(words) = turn {
                call.hear(&words);
            }
        }
        call.said.clear();
        let mut asked = 0;
        let mut turns = turns.into_iter().peekable();
        while let Some(turn) = turns.next() {
            let Turn::Client(mut words) = turn else {
                panic!("{name}: the client's turn")
            };
            let mut reply = Vec::new();
            while let Some(Turn::Central(_) | Turn::Passes(_)) = turns.peek() {
                if let Some(Turn::Central(words)) = turns.next() {
                    reply.extend(words);
                }
            }
            let expected = OTHERWISE
                .iter()
                .find(|(file, at, _)| *file == name && *at == asked)
                .map_or_else(|| sign(&reply), |(.., sign)| (*sign).to_owned());
            // What the line did to a block, and who is known to that central.
            if shown(&reply).contains("<NAK>") && words[0] == 2 {
                words[3] ^= 1;
            }
            for (code, pager) in [("511", "nobody"), ("512", "later")] {
                if shown(&reply).starts_with(code) && words[0] == 2 {
                    words = wire(&block(pager, "x"));
                }
            }
            if number == 3 && asked == 0 {
                // The first CR is lost.
                asked += 1;
                continue;
            }
            call.hear(&words);
            asked += 1;
            let said = std::mem::take(&mut call.said);
            assert_eq!(
                sign(&said),
                expected,
                "{name}, turn {asked}: {}",
                shown(&said)
            );
            if call.end.is_some() {
                break;
            }
        }
    }
}
