//! `--probe`: log on, log off, page nobody, and say what was found out.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::Args;
use super::call::Call;
use super::way::Settings;
use crate::applet::plugin::{self, Limits};
use crate::cli::peer::Place;
use crate::cli::report::{millis, put};
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::Fate;
use crate::protocol::tap::sender::{Findings, LineEnd};
use crate::transport::trace::Trace;

/// What a monitoring system calls it.
const SERVICE: &str = "TAP";

/// What came of a probe.
struct Finding {
    place: Place,
    findings: Findings,
    /// When it was begun.
    begun: SystemTime,
    /// Why it failed.
    failure: Option<Fate>,
    /// That says nothing about the central.
    cannot_ask: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    success: bool,
    host: Option<&'a str>,
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    banner: Option<String>,
    server_info: Option<String>,
    rtt: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    version: Option<String>,
    line_ends: Option<&'static str>,
    go_ahead: Option<&'static str>,
    trouble: Vec<String>,
    steps: Steps,
    transcript: Vec<String>,
}

/// How long each step took, in milliseconds; `null`: it was not reached.
#[derive(Serialize)]
struct Steps {
    connect: Option<u64>,
    id: Option<u64>,
    logon: Option<u64>,
    goahead: Option<u64>,
    logoff: Option<u64>,
}

/// Probes the central once.
pub(super) fn run(settings: &Settings<'_>, mut trace: Trace<'_>) -> Result<Exit, Failure> {
    let begun = SystemTime::now();
    let mut cannot_ask = false;
    let (findings, failure) = match Call::begin(settings, &mut trace) {
        Ok(call) => {
            let (end, findings) = call.log_off(settings, &mut trace);
            (findings, end.cause)
        }
        Err(down) => {
            cannot_ask = down.cannot_ask;
            (down.findings.unwrap_or_default(), Some(down.fate))
        }
    };
    let finding = Finding {
        place: settings.way.place(),
        findings,
        begun,
        failure,
        cannot_ask,
    };
    let (args, diag) = (settings.args, settings.diag);
    if args.probe.nagios {
        return Ok(finding.say_plugin(args, diag));
    }
    if let Some(fate) = &finding.failure {
        diag.warn(&format!("{}: {}", finding.place, fate.response()));
    }
    if args.report.json {
        let transcript = trace.take_transcript().unwrap_or_default();
        let line = finding
            .json(transcript)
            .map_err(|error| Failure::new(Exit::Software, format!("JSON: {error}")))?;
        put(&format!("{line}\n"), diag);
    } else if !args.report.quiet {
        put(&finding.lines().concat(), diag);
    }
    Ok(match (settings.interrupt.exit(), &finding.failure) {
        (Some(exit), _) => exit,
        (None, Some(fate)) => fate.exit,
        (None, None) => Exit::Ok,
    })
}

/// Says why there could be no probe.
pub(super) fn fail(args: &Args, failure: &Failure, diag: &Diag) -> Exit {
    let text = format!("{:#}", failure.cause);
    if args.probe.nagios {
        put(&plugin::unheard(SERVICE, Exit::NagiosUnknown, &text), diag);
        return Exit::NagiosUnknown;
    }
    diag.warn(&text);
    if args.report.json && !args.report.quiet {
        let object = serde_json::json!({ "success": false, "error": text });
        put(&format!("{object}\n"), diag);
    }
    failure.exit
}

fn between(from: Option<SystemTime>, to: Option<SystemTime>) -> Option<Duration> {
    to?.duration_since(from?).ok()
}

impl Finding {
    /// From the beginning to `ID=`; nothing where that never came.
    fn greeted(&self) -> Option<Duration> {
        between(Some(self.begun), self.findings.prompted)
    }

    fn banner(&self) -> Option<String> {
        self.findings.prompted?;
        let lines = &self.findings.banner;
        Some(if lines.is_empty() {
            "ID=".to_owned()
        } else {
            lines.join(" ")
        })
    }

    fn steps(&self) -> [(&'static str, Option<Duration>); 5] {
        let found = &self.findings;
        [
            ("connect", between(Some(self.begun), found.started)),
            ("ID=", between(found.started, found.prompted)),
            ("logon", between(found.prompted, found.logged_on)),
            ("go-ahead", between(found.logged_on, found.ready)),
            ("logoff", between(found.ready, found.ended)),
        ]
    }

    fn version(&self) -> Option<String> {
        let (major, minor) = self.findings.version?;
        Some(format!("{major}.{minor}"))
    }

    fn line_ends(&self) -> Option<&'static str> {
        Some(match self.findings.line_end? {
            LineEnd::Cr => "CR",
            LineEnd::CrLf => "CR LF",
            LineEnd::LfCr => "LF CR",
        })
    }

    fn go_ahead(&self) -> Option<&'static str> {
        let found = &self.findings;
        found.logged_on.or(found.ready)?;
        Some(match (found.goahead, found.early_goahead) {
            (true, true) => "without ACK",
            (true, false) => "yes",
            (false, _) => "no",
        })
    }

    /// What looks like a wrong setting of the line.
    fn trouble(&self) -> Vec<String> {
        let found = &self.findings;
        let mut trouble = Vec::new();
        if found.nuls > 0 {
            trouble.push(format!(
                "{} of {} bytes were NUL: padding, or parity errors; try another --framing or --baud",
                found.nuls, found.bytes
            ));
        }
        if found.high_bits > 0 {
            trouble.push(format!(
                "{} of {} bytes had bit 8 set: the line carries parity; try --framing 7e1 or 8n1-even",
                found.high_bits, found.bytes
            ));
        }
        if found.bytes == 0 && found.started.is_some() {
            trouble.push(
                "silence: no central, or it did not see our CR with the parity it wants; try another --framing"
                    .to_owned(),
            );
        }
        if found.crs > 1 {
            trouble.push(format!("{} CRs were sent before ID= came", found.crs));
        }
        trouble
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(banner), Some(time)) = (self.banner(), self.greeted()) {
            let time = time.as_secs_f64() * 1000.0;
            lines.push(format!("{} up, {time:.1} ms: {banner}\n", self.place));
            let version = self.version();
            let version = version.as_deref().unwrap_or("not said");
            lines.push(format!("TAP version: {version}\n"));
        }
        let told = [
            ("line ends", self.line_ends()),
            ("go-ahead", self.go_ahead()),
        ];
        for (what, word) in told {
            lines.extend(word.map(|word| format!("{what}: {word}\n")));
        }
        let steps = self.steps().into_iter();
        let steps = steps.filter_map(|(name, time)| {
            Some(format!("{name} {:.1} ms", time?.as_secs_f64() * 1000.0))
        });
        let steps: Vec<String> = steps.collect();
        if !steps.is_empty() {
            lines.push(format!("steps: {}\n", steps.join(", ")));
        }
        lines.extend(
            self.trouble()
                .iter()
                .map(|text| format!("trouble: {text}\n")),
        );
        lines
    }

    fn json(&self, transcript: Vec<String>) -> serde_json::Result<String> {
        let [connect, id, logon, goahead, logoff] = self.steps().map(|(_, time)| time.map(millis));
        let peer = self.place.peer();
        let error = self.failure.as_ref().map(Fate::response);
        let banner = self.banner();
        serde_json::to_string(&Json {
            success: self.failure.is_none(),
            host: peer.map(|peer| peer.host.as_str()),
            port: peer.map(|peer| peer.port),
            device: match &self.place {
                Place::Net(_) => None,
                Place::Line(name) => Some(name),
            },
            server_info: banner.as_ref().map(|banner| {
                let said = self.findings.said.iter();
                let said: Vec<&str> = said.map(String::as_str).collect();
                if said.is_empty() {
                    banner.clone()
                } else {
                    format!("{banner} | {}", said.join(" | "))
                }
            }),
            banner,
            rtt: millis(self.greeted().unwrap_or_default()),
            error: error.as_deref(),
            version: self.version(),
            line_ends: self.line_ends(),
            go_ahead: self.go_ahead(),
            trouble: self.trouble(),
            steps: Steps {
                connect,
                id,
                logon,
                goahead,
                logoff,
            },
            transcript,
        })
    }

    fn say_plugin(&self, args: &Args, diag: &Diag) -> Exit {
        let limits = Limits {
            warning: args.probe.warning,
            critical: args.probe.critical,
        };
        let time = self.greeted();
        let exit = match &self.failure {
            Some(fate) if self.cannot_ask || (time.is_none() && plugin::is_ours(fate.exit)) => {
                Exit::NagiosUnknown
            }
            Some(_) => Exit::NagiosCritical,
            None => limits.state(time.unwrap_or_default()),
        };
        let text = self.failure.as_ref().map(Fate::response);
        let line = if let Some(time) = time {
            let text = text.or_else(|| self.banner()).unwrap_or_default();
            let most = args.line.timeout.unwrap_or(args.central.id_timeout);
            plugin::heard(SERVICE, exit, &text, time, limits, most)
        } else {
            let text = format!("{}: {}", self.place, text.unwrap_or_default());
            plugin::unheard(SERVICE, exit, &text)
        };
        put(&line, diag);
        exit
    }
}
