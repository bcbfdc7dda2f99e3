//! Logins from a file that htpasswd(1) wrote, bcrypt only.
//!
//! A line is `NAME:HASH`, and whatever follows a second colon does not count;
//! blank lines and lines that begin with `#` are skipped. Where a name stands
//! twice its first line counts, as Apache has it. Must never know how a login
//! arrives, nor wait: the caller slows a guesser down.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::diag::cause;
use crate::file;

/// Cost 12 is a quarter of a second of a slow processor, for each guess of a stranger.
const MAX_COST: u32 = 12;
/// The lowest cost that bcrypt has.
const MIN_COST: u32 = 4;
/// What a login costs where the file has none that could succeed: htpasswd's default.
const DEFAULT_COST: u32 = 5;
/// bcrypt reads no more bytes of a password.
const MAX_PASSWORD: usize = 72;

/// bcrypt's own alphabet. The last digits of salt and hash have bits to spare,
/// which crypt(3) ignores.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

/// Who may log in.
#[derive(Debug)]
pub struct Users {
    file: String,
    logins: HashMap<Vec<u8>, Login>,
    /// The highest cost in the file: what every check costs.
    cost: u32,
}

/// What a check found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// This is the password of this login.
    Good,
    /// It is not, and why: for the log only, because the client must not learn
    /// which names there are. Does not hold the password, nor a name that is
    /// not in the file: it may be a password too.
    Bad(String),
}

#[derive(Debug)]
struct Login {
    line: usize,
    /// A later line with the same name, which does not count.
    again: Option<usize>,
    /// The hash, or why nobody can log in with it.
    hash: Result<Hash, String>,
}

#[derive(Debug)]
struct Hash {
    cost: u32,
    salt: [u8; 16],
    digest: [u8; 23],
}

impl Users {
    /// Reads the file: a regular one of at most 1 MiB.
    ///
    /// An entry that is no bcrypt hash, or one of a cost above 12, does not
    /// make the file unusable; its login is refused, with a reason. A line
    /// that is no entry at all does: the file is torn, or not one of logins.
    /// The error is one line and names the file and its line.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        match file::read(path) {
            Ok(bytes) => Self::parse(name, &bytes),
            Err(error) => Err(format!("{name}: {}", cause(&error))),
        }
    }

    fn parse(file: String, bytes: &[u8]) -> Result<Self, String> {
        let mut logins: HashMap<Vec<u8>, Login> = HashMap::new();
        for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let wrong = |what: &str| Err(format!("{file}:{line}: {what}"));
            let text = text.trim_ascii();
            if text.contains(&0) {
                return wrong("a NUL: this is no file of htpasswd's");
            }
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            let mut fields = text.split(|byte| *byte == b':');
            let (Some(name), Some(hash)) = (fields.next(), fields.next()) else {
                return wrong("no colon: a line is NAME:HASH, as htpasswd -B writes it");
            };
            if name.is_empty() {
                return wrong("no name in front of the colon");
            }
            if let Some(first) = logins.get_mut(name) {
                first.again.get_or_insert(line);
                continue;
            }
            let login = Login {
                line,
                again: None,
                hash: Hash::parse(hash),
            };
            logins.insert(name.to_owned(), login);
        }
        let costs = logins.values().filter_map(|login| login.hash.as_ref().ok());
        let cost = costs.map(|hash| hash.cost).max().unwrap_or(DEFAULT_COST);
        Ok(Self { file, logins, cost })
    }

    /// Is this the password of this login?
    ///
    /// Always costs as much as the dearest login of the file, so that neither
    /// the answer nor its time tells an unknown login, one that cannot be used
    /// and a wrong password apart. Takes up to half a second of processor
    /// time. A password that bcrypt would cut short is never the right one.
    pub fn check(&self, name: &str, password: &[u8]) -> Verdict {
        let decoy = Hash {
            cost: self.cost,
            salt: [0; 16],
            digest: [0; 23],
        };
        let login = self.logins.get(name.as_bytes());
        let usable = login.and_then(|login| login.hash.as_ref().ok());
        let whole = password.len() <= MAX_PASSWORD && !password.contains(&0);
        let hashed = if whole { password } else { b"" };
        let equal = usable.unwrap_or(&decoy).matches(hashed, self.cost);
        if usable.is_some() && whole && equal {
            return Verdict::Good;
        }
        Verdict::Bad(self.reason(name, login, whole))
    }

    fn reason(&self, name: &str, login: Option<&Login>, whole: bool) -> String {
        let file = &self.file;
        let Some(Login { line, again, hash }) = login else {
            return format!("{file}: no such login");
        };
        let at = format!("{file}:{line}: {name}");
        match (hash, again) {
            (Err(why), _) => format!("{at}: {why}"),
            (Ok(_), _) if !whole => {
                format!(
                    "{at}: a password over {MAX_PASSWORD} bytes or with a NUL, which bcrypt would cut short"
                )
            }
            (Ok(_), Some(again)) => {
                format!(
                    "{at}: wrong password; the name is there again in line {again}, the first counts"
                )
            }
            (Ok(_), None) => format!("{at}: wrong password"),
        }
    }
}

impl Hash {
    /// Reads `$2y$05$` with 22 digits of salt and 31 of the hash. `2a` and `2b`
    /// are other programs' names for the same.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).ok();
        let known = |text| {
            let prefixes = ["$2y$", "$2b$", "$2a$"];
            prefixes
                .iter()
                .find_map(|prefix| str::strip_prefix(text, prefix))
        };
        let rest = text
            .and_then(known)
            .ok_or("not a bcrypt hash, this login is refused; use htpasswd -B")?;
        let (cost, salt, digest) =
            Self::fields(rest).ok_or("a damaged bcrypt hash, this login is refused")?;
        let bounds = if cost > MAX_COST {
            format!("above {MAX_COST}")
        } else if cost < MIN_COST {
            format!("below {MIN_COST}")
        } else {
            return Ok(Self { cost, salt, digest });
        };
        Err(format!(
            "bcrypt cost {cost} is {bounds}, this login is refused; use htpasswd -B -C {MAX_COST}"
        ))
    }

    fn fields(text: &str) -> Option<(u32, [u8; 16], [u8; 23])> {
        let (cost, digits) = text.split_once('$')?;
        let two = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|_| two)?;
        let (salt, digest) = digits.split_at_checked(22)?;
        Some((cost, decoded(salt)?, decoded(digest)?))
    }

    /// Whether this is the hash of the password, at the price of `cost`, which
    /// is not below our own. The password is one that bcrypt reads whole.
    fn matches(&self, password: &[u8], cost: u32) -> bool {
        // bcrypt's key ends in a NUL, if there is room for it.
        let mut key = Vec::with_capacity(MAX_PASSWORD + 1);
        key.extend_from_slice(password);
        key.push(0);
        key.truncate(MAX_PASSWORD);
        let digest = bcrypt::bcrypt(self.cost, self.salt, &key);
        for cost in rest(self.cost, cost) {
            black_box(bcrypt::bcrypt(cost, self.salt, black_box(&key)));
        }
        // The last byte stands in no file.
        let digest = digest.first_chunk::<23>();
        digest.is_some_and(|digest| digest.ct_eq(&self.digest).into())
    }
}

/// The costs of the hashes that, after one of `paid`, make up one of `whole`:
/// each step doubles the work, and 2^4 + (2^4 + 2^5 + 2^6) = 2^7.
fn rest(paid: u32, whole: u32) -> std::ops::Range<u32> {
    paid..whole
}

/// All the bytes, and no more, of these digits.
fn decoded<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = BASE64.decode_slice(digits, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustix::time::{ClockId, clock_gettime};
    use std::time::Duration;

    /// Of `U*U*U`, as crypt(3) gives it.
    const HASH: &str = "05$CCCCCCCCCCCCCCCCCCCCC.Bw3BobdGs1SFsKsRLIx9rC4T.Q7DtEm";

    fn users(text: &str) -> Users {
        Users::parse("users".to_owned(), text.as_bytes()).unwrap()
    }

    /// The same digits behind another cost.
    fn of_cost(cost: &str) -> String {
        format!("$2y${}", HASH.replacen("05", cost, 1))
    }

    fn bad(users: &Users, name: &str, password: &[u8]) -> String {
        match users.check(name, password) {
            Verdict::Bad(why) => why,
            Verdict::Good => panic!("{name} is let in"),
        }
    }

    #[test]
    fn hashes_of_crypt_are_known_by_each_of_their_names() {
        let x72 = "x".repeat(72);
        for kind in ["2y", "2b", "2a"] {
            for (password, hash) in [
                (
                    "U*U*U",
                    "05$CCCCCCCCCCCCCCCCCCCCC.Bw3BobdGs1SFsKsRLIx9rC4T.Q7DtEm",
                ),
                (
                    "ßÿ",
                    "05$CCCCCCCCCCCCCCCCCCCCC./DuYsPNkZ2p2hy.9n4uWfnAkqns4jCa",
                ),
                (
                    "",
                    "05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy",
                ),
                (
                    &x72,
                    "05$CCCCCCCCCCCCCCCCCCCCC.D7RDOYXakZhsFmh/LdqQNx0kQ424AFS",
                ),
                // Of htpasswd -B.
                (
                    "",
                    "05$HoRBE6tqdY8kC/Fna5hJo.vFS.aGLayBnPgjbVIgdUepRiMeaT3lW",
                ),
                (
                    &x72,
                    "04$SQPaBgQSv1OcUdCuqwhwDekLSN.jutyKSlfYIt689hb.DVmOUPFTq",
                ),
            ] {
                let users = users(&format!("joe:${kind}${hash}\n"));
                assert_eq!(users.check("joe", password.as_bytes()), Verdict::Good);
                let wrong = format!("{password}x");
                assert_ne!(users.check("joe", wrong.as_bytes()), Verdict::Good);
            }
        }
    }

    #[test]
    fn lines_are_read_as_apache_reads_them() {
        let text = format!(
            "# logins\r\n\n  \n joe:$2y${HASH}:Joe Doe:x \r\n#old:$2y${HASH}\nann:x\nJoe:$2y$12$x\nm\u{fc}:$2a${HASH}"
        );
        let users = users(&text);
        for name in ["joe", "mü"] {
            assert_eq!(users.check(name, b"U*U*U"), Verdict::Good, "{name}");
        }
        for (name, why) in [
            ("old", "users: no such login"),
            ("#old", "users: no such login"),
            ("", "users: no such login"),
            ("JOE", "users: no such login"),
            (
                "ann",
                "users:6: ann: not a bcrypt hash, this login is refused; use htpasswd -B",
            ),
            (
                "Joe",
                "users:7: Joe: a damaged bcrypt hash, this login is refused",
            ),
        ] {
            assert_eq!(bad(&users, name, b"U*U*U"), why);
        }
        assert_eq!(bad(&users, "joe", b"U*U*V"), "users:4: joe: wrong password");
    }

    #[test]
    fn the_first_line_of_a_name_counts_and_the_log_says_so() {
        let other = "05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy";
        let users = users(&format!("joe:$2y${HASH}\njoe:$2y${other}\njoe:x\n"));
        assert_eq!(users.check("joe", b"U*U*U"), Verdict::Good);
        assert_eq!(
            bad(&users, "joe", b""),
            "users:1: joe: wrong password; the name is there again in line 2, the first counts"
        );
    }

    #[test]
    fn one_bad_entry_refuses_one_login() {
        for (hash, why) in [
            ("$apr1$QUGowKE8$I3g1Ljqcia4cR4vUDDRI81", "not a bcrypt hash"),
            ("{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=", "not a bcrypt hash"),
            ("", "not a bcrypt hash"),
            (&format!("$2x${HASH}"), "not a bcrypt hash"),
            (&format!("$2y${HASH}x"), "damaged"),
            (&format!("$2y${}", HASH.trim_end_matches('m')), "damaged"),
            (&format!("$2y${}", HASH.replace("Em", "E!")), "damaged"),
            (
                &format!("$2y${}", HASH.replace("tEm", "t\u{fc}")),
                "damaged",
            ),
            ("$2y$05", "damaged"),
            (&of_cost("+5"), "damaged"),
            (&of_cost("5"), "damaged"),
            (
                &of_cost("13"),
                "bcrypt cost 13 is above 12, this login is refused; use htpasswd -B -C 12",
            ),
            (&of_cost("99"), "bcrypt cost 99 is above 12"),
            (&of_cost("03"), "bcrypt cost 3 is below 4"),
        ] {
            let users = users(&format!("ann:$2y${HASH}\njoe:{hash}\n"));
            assert_eq!(users.check("ann", b"U*U*U"), Verdict::Good);
            let said = bad(&users, "joe", b"U*U*U");
            assert!(
                said.starts_with("users:2: joe: ") && said.contains(why),
                "{said}"
            );
        }
    }

    #[test]
    fn a_file_that_is_none_is_an_error_with_its_line() {
        for (text, error) in [
            ("joe", "users:1: no colon"),
            ("\n# x\nroot", "users:3: no colon"),
            (":x", "users:1: no name"),
            ("a:b\nc:\0", "users:2: a NUL"),
            ("#\0", "users:1: a NUL"),
        ] {
            let said = Users::parse("users".to_owned(), text.as_bytes()).unwrap_err();
            assert!(said.starts_with(error), "{said}");
        }
        let said = Users::read(Path::new("/nonexistent/users")).unwrap_err();
        assert_eq!(said, "/nonexistent/users: No such file or directory");
    }

    #[test]
    fn a_password_that_bcrypt_would_cut_is_refused() {
        // htpasswd itself has cut this one, of 73 bytes.
        let users = users("joe:$2y$04$ctU24mFkGpp2B07ZWkqt3uCOk8JZ3YsNmw3pCsJDU18UppHEOKEza\n");
        assert_eq!(users.check("joe", &[b'x'; 72]), Verdict::Good);
        let short = "which bcrypt would cut short";
        for password in [&[b'x'; 73][..], &[b'x'; 5000], b"a\0b"] {
            assert!(bad(&users, "joe", password).contains(short));
        }
        let users = self::users("joe:$2y$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy");
        assert_eq!(users.check("joe", b""), Verdict::Good);
        for password in [&[b'x'; 73][..], b"\0"] {
            assert!(bad(&users, "joe", password).contains(short));
        }
    }

    #[test]
    fn every_check_costs_as_much_as_the_dearest_login() {
        for whole in MIN_COST..=MAX_COST {
            for paid in MIN_COST..=whole {
                let work: u32 = rest(paid, whole).map(|cost| 1 << cost).sum();
                assert_eq!((1 << paid) + work, 1_u32 << whole);
            }
        }
        let [cheap, dear, over] = ["04", "08", "13"].map(of_cost);
        let users = users(&format!("cheap:{cheap}\ndear:{dear}\nnone:{over}\n"));
        assert_eq!(users.cost, 8);
        // Of this thread's own time, because this is not the only program that runs.
        let spent = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
        let time = |name: &str, password: &[u8]| {
            let once = || {
                let start = spent();
                black_box(users.check(name, password));
                spent().saturating_sub(start)
            };
            (0..3).map(|_| once()).min().unwrap()
        };
        let times: Vec<Duration> = [
            ("cheap", &b"U*U*U"[..]),
            ("cheap", b"wrong"),
            ("cheap", &[b'x'; 100]),
            ("dear", b"wrong"),
            ("none", b"U*U*U"),
            ("unknown", b"U*U*U"),
        ]
        .into_iter()
        .map(|(name, password)| time(name, password))
        .collect();
        // Without the rest the cheap one would take a sixteenth.
        let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!(*most < *least * 3, "{times:?}");
    }

    #[test]
    fn without_any_login_everyone_is_refused() {
        assert_eq!(bad(&users(""), "joe", b""), "users: no such login");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text: Vec<u8>, entry in r"[a-z]{0,2}:\$2[aby]\$[0-9]{1,3}\$[./A-Za-z0-9]{50,54}") {
            _ = Users::parse("users".to_owned(), &text);
            prop_assert_eq!(Users::parse("users".to_owned(), entry.as_bytes()).is_err(), entry.starts_with(':'));
        }
    }
}
