//! The flags of a serial line.

use std::path::PathBuf;

use clap::Args;

use crate::transport::serial::{Framing, Settings};

/// Which serial line, and how it is set up.
#[derive(Args, Clone, Debug)]
pub struct SerialArgs {
    /// Serial line
    #[arg(long, value_name = "PATH", help_heading = "Serial line")]
    pub device: Option<PathBuf>,
    /// Speed of the serial line, in bits per second
    #[arg(long, value_name = "N", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(50..=4_000_000), help_heading = "Serial line")]
    pub baud: u32,
    /// Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity [default: 7e1]
    #[arg(long, value_enum, help_heading = "Serial line")]
    pub framing: Option<Framing>,
}

impl SerialArgs {
    /// How the line is set up.
    pub fn settings(&self) -> Settings {
        Settings {
            baud: self.baud,
            framing: self.framing.unwrap_or_default(),
            ..Settings::default()
        }
    }
}
