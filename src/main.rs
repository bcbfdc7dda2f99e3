//! The binary: the panic hook, and from the argument vector to an exit status.

use std::process::ExitCode;

use pagebox::applet;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| end(applet::panicked(panic))));
    ExitCode::from(applet::main(std::env::args_os()).status())
}

/// A panic would otherwise end in an abort, and a core file.
#[expect(clippy::exit, reason = "the one place that ends the process")]
fn end(status: u8) {
    std::process::exit(i32::from(status));
}
