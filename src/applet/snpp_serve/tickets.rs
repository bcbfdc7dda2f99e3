//! The tags of this session: what is known of a page before its deliverer
//! has written anything, and of a tag that its deliverer has not removed yet.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::protocol::snpp::server::talk::{Status, Ticket};

/// How many are remembered; a client that goes on has to ask in time.
const MOST: usize = 256;

/// The newest tags of a session.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    known: VecDeque<Known>,
}

#[derive(Debug)]
struct Known {
    ticket: Ticket,
    /// `None`: it was killed.
    status: Option<Status>,
}

impl Tickets {
    /// A page was accepted.
    pub(super) fn issue(&mut self, ticket: &Ticket, code: u16, at: SystemTime) {
        self.put(
            ticket,
            Some(Status {
                sequence: 1,
                code,
                at,
                text: String::new(),
            }),
        );
    }

    /// A tag was killed, whoever issued it.
    pub(super) fn kill(&mut self, ticket: &Ticket) {
        self.known.retain(|known| known.ticket != *ticket);
        self.put(ticket, None);
    }

    /// Was it killed in this session?
    pub(super) fn is_dead(&self, ticket: &Ticket) -> bool {
        self.find(ticket)
            .is_some_and(|known| known.status.is_none())
    }

    /// What this session itself knows of it.
    pub(super) fn status(&self, ticket: &Ticket) -> Option<Status> {
        self.find(ticket)?.status.clone()
    }

    fn find(&self, ticket: &Ticket) -> Option<&Known> {
        self.known.iter().find(|known| known.ticket == *ticket)
    }

    fn put(&mut self, ticket: &Ticket, status: Option<Status>) {
        if self.known.len() >= MOST {
            self.known.pop_front();
        }
        self.known.push_back(Known {
            ticket: ticket.clone(),
            status,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(tag: usize) -> Ticket {
        Ticket {
            tag: tag.to_string(),
            pass: "1".to_owned(),
        }
    }

    #[test]
    fn the_newest_are_known_and_the_dead_stay_dead() {
        let mut tickets = Tickets::default();
        for tag in 0..=MOST {
            tickets.issue(&ticket(tag), 960, SystemTime::UNIX_EPOCH);
        }
        assert_eq!(tickets.status(&ticket(0)), None);
        let newest = tickets.status(&ticket(MOST)).unwrap();
        assert_eq!((newest.sequence, newest.code), (1, 960));
        let other = Ticket {
            pass: "2".to_owned(),
            ..ticket(MOST)
        };
        assert_eq!(tickets.status(&other), None);
        tickets.kill(&ticket(MOST));
        assert!(tickets.is_dead(&ticket(MOST)) && !tickets.is_dead(&ticket(1)));
        assert_eq!(tickets.status(&ticket(MOST)), None);
        tickets.kill(&ticket(9999));
        assert!(tickets.is_dead(&ticket(9999)));
    }
}
