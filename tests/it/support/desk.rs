//! A paging gateway that keeps the rules of RFC 1861 and remembers what it delivered to whom, for
//! tests that break one rule at a time.

/// A delivered page: its pagers, and its text.
pub(crate) type Delivered = (Vec<String>, String);

/// One session. What it refuses is told by its arguments: a pager `bad…` is unknown (550) and
/// `busy…` is for now (554); a text `bad…` is refused by MESS (550), and `full…` by SEND (554).
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pagers: Vec<String>,
    message: Option<String>,
    body: Option<Vec<String>>,
    /// Everything that went out, in order.
    pub(crate) delivered: Vec<Delivered>,
}

impl Desk {
    pub(crate) const GREETING: &str = "220 desk ready\r\n";

    /// The reply to a line, with its end; none while a body is being read.
    pub(crate) fn answer(&mut self, line: &str) -> String {
        if let Some(mut body) = self.body.take() {
            if line == "." {
                self.message = Some(body.join("\n"));
                return reply("250 Message OK");
            }
            body.push(line.to_owned());
            self.body = Some(body);
            return String::new();
        }
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        reply(match verb {
            "HELP" => "214 PAGE MESS RESE SEND QUIT HELP DATA\r\n214 PIPELINING\r\n250 End",
            "PAGE" if argument.starts_with("bad") => "550 Error, Invalid Pager ID",
            "PAGE" if argument.starts_with("busy") => "554 All lines busy",
            "PAGE" => {
                self.pagers.push(argument.to_owned());
                "250 Pager ID Accepted"
            }
            "MESS" | "DATA" if self.message.is_some() => "503 ERROR, Message Already Entered",
            "MESS" if argument.starts_with("bad") => "550 ERROR, Invalid Message",
            "MESS" => {
                self.message = Some(argument.to_owned());
                "250 Message OK"
            }
            "DATA" => {
                self.body = Some(Vec::new());
                "354 Begin Input"
            }
            "SEND" => match (self.pagers.is_empty(), self.message.take()) {
                (false, Some(text)) => {
                    let pagers = std::mem::take(&mut self.pagers);
                    if text.starts_with("full") {
                        "554 Message Failed"
                    } else {
                        self.delivered.push((pagers, text));
                        "250 Message Sent"
                    }
                }
                (_, message) => {
                    self.message = message;
                    "503 Error, Pager ID or Message Incomplete"
                }
            },
            "RESE" => {
                self.forget();
                "250 RESET OK"
            }
            "LOGI" => "250 Login Accepted",
            "HOLD" => "550 Error, Invalid Delivery Date/Time",
            "QUIT" => "221 OK, Goodbye",
            _ => "500 Command Not Implemented, Try Again",
        })
    }

    /// What RESE does.
    pub(crate) fn forget(&mut self) {
        self.pagers.clear();
        self.message = None;
    }
}

fn reply(text: &str) -> String {
    format!("{text}\r\n")
}
