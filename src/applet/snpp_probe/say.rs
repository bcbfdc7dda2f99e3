//! How findings are said: to people, as JSON, and to a monitoring system.

use serde::Serialize;

use super::ask::Finding;
use super::features::Features;
use super::{Args, Step};
use crate::applet::plugin::{self, Limits};
use crate::applet::snpp::inquiry::server_info;
use crate::cli::peer::Peer;
use crate::cli::report::{millis, put};
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::protocol::snpp::command::{BadArgument, Command, Verb};
use crate::transport::trace::lines;

/// What a monitoring system calls it.
const SERVICE: &str = "SNPP";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    success: bool,
    host: &'a str,
    port: u16,
    banner: Option<&'a str>,
    server_info: Option<String>,
    rtt: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<&'a Features>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pager: Option<Answer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ping: Option<Answer<'a>>,
    transcript: &'a [String],
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    known: bool,
    response: &'a str,
}

/// Says what was found out about one gateway.
pub(super) fn finding(args: &Args, finding: &Finding, diag: &Diag) -> Result<(), Failure> {
    if let Some(error) = &finding.error {
        diag.warn(&format!("{}: {error}", finding.peer));
    }
    if args.report.json {
        let line = json(args, finding)
            .map_err(|error| Failure::new(Exit::Software, format!("JSON: {error}")))?;
        put(&format!("{line}\n"), diag);
    } else if !args.report.quiet {
        put(&answers(args, finding).concat(), diag);
    }
    Ok(())
}

fn answers(args: &Args, finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    if let (true, Some(banner)) = (finding.success, &finding.banner) {
        let time = finding.rtt.as_secs_f64() * 1000.0;
        lines.push(format!("{} up, {time:.1} ms: {banner}\n", finding.peer));
    }
    lines.extend(finding.help.iter().map(|line| format!("{line}\n")));
    if let Some(features) = &finding.features {
        let levels: Vec<String> = features.levels.iter().map(u8::to_string).collect();
        let pipelining = if features.pipelining { "yes" } else { "no" };
        lines.push(format!("levels: {}\n", levels.join(" ")));
        lines.push(format!("commands: {}\n", features.commands.join(" ")));
        lines.push(format!("pipelining: {pipelining}\n"));
    }
    let mut answer = |id: Option<&String>, answer: Option<&(bool, String)>, yes, no| {
        if let (Some(id), Some((known, reply))) = (id, answer) {
            let word = if *known { yes } else { no };
            lines.push(format!("{id} {word}: {reply}\n"));
        }
    };
    answer(
        args.pager.as_ref(),
        finding.pager.as_ref(),
        "known",
        "not known",
    );
    answer(
        args.ping.as_ref(),
        finding.ping.as_ref(),
        "reachable",
        "not reachable",
    );
    lines
}

fn json(args: &Args, finding: &Finding) -> serde_json::Result<String> {
    fn answer<'a>(
        id: Option<&'a String>,
        answer: Option<&'a (bool, String)>,
    ) -> Option<Answer<'a>> {
        id.zip(answer).map(|(id, (known, response))| Answer {
            id,
            known: *known,
            response,
        })
    }
    let farewell = finding.farewell.as_deref();
    let banner = finding.banner.as_deref();
    serde_json::to_string(&Json {
        success: finding.success,
        host: &finding.peer.host,
        port: finding.peer.port,
        banner,
        server_info: banner.map(|banner| server_info(banner, farewell)),
        rtt: millis(finding.rtt),
        error: finding.error.as_deref(),
        features: finding.features.as_ref(),
        pager: answer(args.pager.as_ref(), finding.pager.as_ref()),
        ping: answer(args.ping.as_ref(), finding.ping.as_ref()),
        transcript: &finding.transcript,
    })
}

/// Says it as a monitoring plugin, and returns the plugin's exit status.
pub(super) fn say_plugin(args: &Args, finding: &Finding, diag: &Diag) -> Exit {
    let limits = Limits {
        warning: args.warning,
        critical: args.critical,
    };
    let greeted_oddly = finding
        .banner
        .as_deref()
        .is_some_and(|banner| banner.starts_with('2'))
        && finding.exit == Exit::Protocol
        && !finding.success;
    let exit = match finding.exit {
        exit if plugin::is_ours(exit) || finding.name_failed => Exit::NagiosUnknown,
        Exit::Protocol if greeted_oddly => Exit::NagiosWarning,
        Exit::Ok => limits.state(finding.rtt),
        _ => Exit::NagiosCritical,
    };
    let refused = [&finding.pager, &finding.ping]
        .into_iter()
        .flatten()
        .find_map(|(known, reply)| (!known).then_some(reply));
    let text = finding
        .error
        .as_ref()
        .or(refused)
        .or(finding.banner.as_ref());
    let text = text.map_or("", String::as_str);
    let line = if finding.banner.is_some() {
        plugin::heard(SERVICE, exit, text, finding.rtt, limits, args.timeout())
    } else {
        plugin::unheard(SERVICE, exit, &format!("{}: {text}", finding.peer))
    };
    put(&line, diag);
    exit
}

/// What a program is told when the probe itself could not be made.
pub(super) fn json_failure(failure: &Failure, diag: &Diag) {
    let error = format!("{:#}", failure.cause);
    let object = serde_json::json!({ "success": false, "error": error });
    put(&format!("{object}\n"), diag);
}

/// What a monitoring system is told when the probe itself could not be made.
pub(super) fn plugin_failure(failure: &Failure, diag: &Diag) {
    let text = failure.cause.to_string();
    put(&plugin::unheard(SERVICE, Exit::NagiosUnknown, &text), diag);
}

/// Says what would be said to each gateway.
pub(super) fn plan(args: &Args, peers: &[Peer], diag: &Diag) -> Result<(), Failure> {
    let said: Vec<String> = commands(args)
        .map_err(|error| Failure::data(error.to_string()))?
        .iter()
        .map(Command::wire)
        .flat_map(|wire| lines(&wire.bytes, wire.secret.as_ref()))
        .map(|line| format!("C: {line}"))
        .collect();
    for peer in peers {
        let mut planned = Finding::new(peer);
        planned.transcript.clone_from(&said);
        if args.report.json {
            finding(args, &planned, diag)?;
        } else if !args.report.quiet {
            put(&format!("{peer}\n{}\n", said.join("\n")), diag);
        }
    }
    Ok(())
}

fn commands(args: &Args) -> Result<Vec<Command>, BadArgument> {
    let mut commands = Vec::new();
    if let Some(user) = args.login.as_ref().filter(|_| args.reaches(Step::Logi)) {
        // Nobody is asked for a password that is not sent.
        commands.push(Command::words(Verb::Logi, user, Some("password"))?);
    }
    if args.reaches(Step::Help) && (args.features || args.quit_after == Some(Step::Help)) {
        commands.push(Command::bare(Verb::Help));
    }
    let asks = args.reaches(Step::Page);
    if let Some(id) = args.ping.as_ref().filter(|_| asks) {
        commands.push(Command::words(Verb::Ping, id, None)?);
    }
    if let Some(id) = args.pager.as_ref().filter(|_| asks) {
        commands.push(Command::words(Verb::Page, id, None)?);
        commands.push(Command::bare(Verb::Rese));
    }
    commands.push(Command::bare(Verb::Quit));
    Ok(commands)
}
