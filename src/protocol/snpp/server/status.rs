//! The line that MSTA is answered with (RFC 1861 section 4.6.9).

use jiff::Timestamp;

use super::talk::Status;

/// Code, sequence, date and what the code means. The date is in GMT and says so.
pub(super) fn line(status: &Status) -> String {
    let Status {
        sequence,
        code,
        at,
        text,
    } = status;
    let at = Timestamp::try_from(*at).unwrap_or(Timestamp::MAX);
    let date = at.strftime("%y%m%d%H%M%S+0000");
    let meaning = match code {
        780 => "MESSAGE EXPIRED Before Delivery!",
        860 => "Delivered, Awaiting Read Confirmation",
        861 => "Delivered, Awaiting Reply (MCR)",
        870 => "Delivered, Read, Awaiting Reply (MCR)",
        880 => "Message Delivered (No Reply Pending)",
        881 => "Message Delivered and Read by Recipient",
        888 => return format!("{code} {sequence} {date} {text} MCR Reply Received"),
        960 => "Message Queued; Awaiting Delivery",
        _ => text,
    };
    format!("{code} {sequence} {date} {meaning}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_status_is_what_the_table_says() {
        let status = |code, text: &str| {
            line(&Status {
                sequence: 3,
                code,
                at: SystemTime::UNIX_EPOCH + Duration::from_secs(811_996_501),
                text: text.to_owned(),
            })
        };
        assert_eq!(
            status(960, ""),
            "960 3 950925023501+0000 Message Queued; Awaiting Delivery"
        );
        assert_eq!(
            status(888, "1E2C"),
            "888 3 950925023501+0000 1E2C MCR Reply Received"
        );
        assert_eq!(
            status(889, "on my way"),
            "889 3 950925023501+0000 on my way"
        );
        assert_eq!(
            status(750, "Refused by the route"),
            "750 3 950925023501+0000 Refused by the route"
        );
    }
}
