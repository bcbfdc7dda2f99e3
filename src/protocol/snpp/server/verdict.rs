//! The line that SEND is answered with (RFC 1861 sections 4.3.4 and 4.6.8).

use super::say;
use super::talk::{Ticket, Verdict};
use crate::protocol::snpp::plan::TwoWay;
use crate::text::escape::printable;

/// `direct`: what was accepted is delivered, not queued. `wishes` are those of
/// a two-way transaction.
pub(super) fn line(verdict: &Verdict, wishes: Option<&TwoWay>, direct: bool) -> String {
    let text = match verdict {
        Verdict::Accepted { id, ticket } => {
            let (fate, code, text) = match wishes {
                _ if !direct => ("queued", 960, "OK, Message QUEUED for Delivery"),
                Some(wishes) if wishes.ack => ("delivered", 860, "Delivered, Awaiting Read Ack"),
                Some(wishes) if wishes.wants_reply() => {
                    ("delivered", 861, "Delivered, Awaiting Reply (MCR)")
                }
                _ => ("delivered", 880, "Message Delivered"),
            };
            return match ticket {
                Some(Ticket { tag, pass }) => format!("{code} {tag} {pass} {text}"),
                None => format!("250 Message {} {fate}", printable(id.as_bytes())),
            };
        }
        Verdict::TryLater => say::FAILED,
        Verdict::NoSuchPager => say::NO_SUCH_PAGER,
        Verdict::Refused => say::REFUSED,
        Verdict::Uncertain => say::UNCERTAIN,
    };
    text.to_owned()
}
