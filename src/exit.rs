//! Every exit status of every applet, in one table, and nowhere else.
//!
//! The numbers are those of sysexits(3), with one of our own above that range:
//! 75 says that nothing went out, so the same command may be run again; 79
//! says that something is out, or may be, and not everything.

/// How an applet ended. The discriminant is not the status: ask [`Exit::status`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Exit {
    /// All that was asked for was done.
    Ok,
    /// The answer to a question is no: no reply in time, pager not known.
    No,
    /// The command line is wrong.
    Usage,
    /// The user's data is wrong: an empty or too long message, control characters, a bad row.
    Data,
    /// An input file cannot be read.
    NoInput,
    /// The addressee is unknown, or not there.
    NoUser,
    /// The name service says for sure that there is no such host.
    NoHost,
    /// The service refused for good, for a reason that no other status names.
    Unavailable,
    /// A bug in pagebox.
    Software,
    /// The operating system failed us: no process, no socket, no memory.
    Os,
    /// A system file is missing.
    OsFile,
    /// An output file cannot be created.
    CantCreate,
    /// Reading or writing a local file failed.
    Io,
    /// Nothing went out, and trying again may help.
    TempFail,
    /// The other side broke the protocol.
    Protocol,
    /// Not permitted: a login or a message was refused.
    NoPermission,
    /// The configuration is wrong.
    Config,
    /// Something is out, or may be, and not everything.
    Unknown,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
    /// Monitoring plugin: WARNING.
    NagiosWarning,
    /// Monitoring plugin: CRITICAL.
    NagiosCritical,
    /// Monitoring plugin: UNKNOWN.
    NagiosUnknown,
}

/// Every variant with its status and what it means, in the words of the manual pages.
pub const TABLE: &[(Exit, u8, &str)] = &[
    (Exit::Ok, 0, "all that was asked for was done"),
    (Exit::No, 1, "the answer to a question is no"),
    (Exit::Usage, 64, "the command line is wrong"),
    (
        Exit::Data,
        65,
        "the message, an argument or a row is not acceptable",
    ),
    (Exit::NoInput, 66, "an input file cannot be read"),
    (
        Exit::NoUser,
        67,
        "the pager is unknown, or the user is not logged in",
    ),
    (Exit::NoHost, 68, "the host name does not exist"),
    (Exit::Unavailable, 69, "the service refused for good"),
    (Exit::Software, 70, "a bug in pagebox"),
    (Exit::Os, 71, "the operating system failed"),
    (Exit::OsFile, 72, "a system file is missing"),
    (Exit::CantCreate, 73, "an output file cannot be created"),
    (Exit::Io, 74, "reading or writing a local file failed"),
    (
        Exit::TempFail,
        75,
        "nothing went out; running the same command again is safe",
    ),
    (Exit::Protocol, 76, "the other side broke the protocol"),
    (
        Exit::NoPermission,
        77,
        "not permitted: a login or a message was refused",
    ),
    (Exit::Config, 78, "the configuration is wrong"),
    (
        Exit::Unknown,
        79,
        "something is out, or may be, and not everything: read the result lines",
    ),
    (Exit::Interrupted, 130, "stopped by SIGINT"),
    (Exit::Terminated, 143, "stopped by SIGTERM"),
    (Exit::NagiosWarning, 1, "WARNING"),
    (Exit::NagiosCritical, 2, "CRITICAL"),
    (Exit::NagiosUnknown, 3, "UNKNOWN"),
];

impl Exit {
    /// The status that the process ends with.
    pub fn status(self) -> u8 {
        TABLE
            .iter()
            .find(|(exit, ..)| *exit == self)
            .map_or(70, |(_, status, _)| *status)
    }

    /// What a program of ours said with this status, monitoring plugins aside.
    pub fn of_status(status: u8) -> Option<Self> {
        let is_of_plugin = |exit: Self| {
            matches!(
                exit,
                Self::NagiosWarning | Self::NagiosCritical | Self::NagiosUnknown
            )
        };
        let mut known = TABLE.iter().filter(|(exit, ..)| !is_of_plugin(*exit));
        let found = known.find(|(_, number, _)| *number == status);
        found.map(|(exit, ..)| *exit)
    }
}

/// An error that already knows the exit status it must end in.
///
/// The cause is one line in lower case, without the applet's name in front.
#[derive(Debug)]
pub struct Failure {
    /// What the process ends with.
    pub exit: Exit,
    /// What happened, to whom, and what to do.
    pub cause: anyhow::Error,
}

impl Failure {
    /// A failure with a plain text as its cause.
    pub fn new(exit: Exit, cause: impl Into<String>) -> Self {
        Self {
            exit,
            cause: anyhow::Error::msg(cause.into()),
        }
    }

    /// A failure of the user's data (65).
    pub fn data(cause: impl Into<String>) -> Self {
        Self::new(Exit::Data, cause)
    }

    /// A failure of the command line (64).
    pub fn usage(cause: impl Into<String>) -> Self {
        Self::new(Exit::Usage, cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_the_one_that_sysexits_gives() {
        for (exit, status) in [
            (Exit::Ok, 0),
            (Exit::Usage, 64),
            (Exit::Software, 70),
            (Exit::TempFail, 75),
            (Exit::Config, 78),
            (Exit::Unknown, 79),
        ] {
            assert_eq!(exit.status(), status);
            assert_eq!(Exit::of_status(status), Some(exit));
        }
        assert_eq!(Exit::of_status(1), Some(Exit::No));
        assert_eq!(Exit::of_status(3), None);
    }

    #[test]
    fn no_exit_stands_twice_in_the_table() {
        for (at, (exit, ..)) in TABLE.iter().enumerate() {
            assert!(TABLE.iter().skip(at + 1).all(|(other, ..)| other != exit));
        }
    }
}
