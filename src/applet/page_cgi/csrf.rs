//! Whether a request was made by our own form, and not by a page of another site
//! that the user happens to look at.
//!
//! Two things tell: what the browser says of where the request comes from, and a
//! token that only who has been shown the form can know.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::key::Key;
use super::limit;
use super::refusal::Refusal;
use crate::cgi::request::Request;
use crate::queue::spool::is_id;

/// The hours that a token is good for, beside the one that it was made in.
const HOURS: u64 = 12;

/// Fails where a browser says that another site has made the request.
pub(super) fn check_site(request: &Request) -> Result<(), Refusal> {
    let origin = request.origin.as_deref();
    let is_ours = match request.fetch_site.as_deref() {
        // No page can have a browser say that of another site.
        Some("same-origin") => true,
        Some("none") | None => origin.is_none_or(|origin| is_of_this_host(origin, request)),
        Some(_) => false,
    };
    if is_ours {
        return Ok(());
    }
    Err(Refusal::new(403, "another site has asked for this"))
}

/// Whether an origin is the host that was asked. Either may leave out the port that its
/// scheme has anyway; a server may keep from us any port in `Host` (nginx as packaged
/// does), and then tells its own.
fn is_of_this_host(origin: &str, request: &Request) -> bool {
    let Some((scheme, theirs)) = origin.split_once("://") else {
        return false;
    };
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let bare = |host: &str| {
        let host = host.strip_suffix(usual).unwrap_or(host);
        host.to_ascii_lowercase()
    };
    let (theirs, ours) = (bare(theirs), bare(&request.host));
    !ours.is_empty() && (theirs == ours || theirs == format!("{ours}:{}", request.port))
}

/// A token for that form, for who asks, now.
pub(super) fn token(key: &Key, request: &Request, form: &str) -> String {
    of_hour(key, request, form, hour())
}

/// What the form is called that this token stands in, whoever has made it.
pub(super) fn form(token: &str) -> Option<&str> {
    let (form, _) = token.split_once('.')?;
    is_id(form).then_some(form)
}

/// Whether we have made this token for who asks, and not too long ago: then its form.
pub(super) fn ours<'t>(key: &Key, request: &Request, token: &'t str) -> Option<&'t str> {
    of(hour(), key, request, token)
}

fn of<'t>(now: u64, key: &Key, request: &Request, token: &'t str) -> Option<&'t str> {
    let form = form(token)?;
    // The newest first: few forms are old.
    let mut hours = (now.saturating_sub(HOURS)..=now).rev();
    let is_ours = hours.any(|hour| {
        let right = of_hour(key, request, form, hour);
        right.as_bytes().ct_eq(token.as_bytes()).into()
    });
    is_ours.then_some(form)
}

fn hour() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs() / 3600
}

fn of_hour(key: &Key, request: &Request, form: &str, hour: u64) -> String {
    let hour = hour.to_string();
    let address = limit::key(&request.address);
    let code = key.code(&["form", form, &request.user, &address, &hour]);
    format!("{form}.{}", URL_SAFE_NO_PAD.encode(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_of_the_host_that_was_asked() {
        let asked = |host: &str, port: &str| Request {
            host: host.to_owned(),
            port: port.to_owned(),
            ..Request::default()
        };
        for (origin, host, port) in [
            ("http://a.example", "A.example", "80"),
            ("https://a.example", "a.example:443", "8080"),
            ("http://a.example:80", "a.example", "80"),
            ("http://a.example:8080", "a.example:8080", "80"),
            ("http://a.example:8080", "a.example", "8080"),
            ("http://[::1]:8080", "[::1]", "8080"),
        ] {
            assert!(is_of_this_host(origin, &asked(host, port)), "{origin}");
        }
        for (origin, host, port) in [
            ("null", "a.example", "80"),
            ("", "", ""),
            ("http://", "", ""),
            ("http://:8080", "", "8080"),
            ("http://b.example", "a.example", "80"),
            ("http://a.example:81", "a.example", "80"),
            ("http://a.example:8080", "a.example:81", "8080"),
            ("https://a.example", "a.example:80", "80"),
        ] {
            assert!(!is_of_this_host(origin, &asked(host, port)), "{origin}");
        }
    }

    #[test]
    fn a_token_is_good_for_half_a_day() {
        let key = Key::of([7; 32]);
        let request = Request::default();
        let token = of_hour(&key, &request, "1-2", 100);
        let form = |now| of(now, &key, &request, &token);
        assert!((100..=112).all(|now| form(now) == Some("1-2")));
        // Nor is one of a time to come.
        assert!(
            [0, 99, 113, 1000]
                .into_iter()
                .all(|now| form(now).is_none())
        );
        // Of another form it says nothing.
        let other = token.replace("1-2", "1-3");
        assert_eq!(of(100, &key, &request, &other), None);
    }
}
