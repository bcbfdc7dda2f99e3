//! What a client sent again before its reply went out.
//!
//! Answers for the reply to a block being the reply to its copies too, however
//! many of them came while a page was taken. Must never know what was asked.

use super::frames::Frame;
use super::{Actions, Receiver, State};
use crate::protocol::tap::block::Block;

/// Before a reply, no more of what a client sent again is looked at, in bytes.
const MAX_GLANCE: usize = 64 * 1024;
/// Nor more empty lines, which some send behind each block.
const MAX_EMPTY: usize = 8;

/// What a reply was about, and how much had come in when it went out.
#[derive(Debug)]
pub(super) struct Judged {
    frame: Frame,
    arrived: u64,
}

impl Receiver {
    /// Is it what the last reply was about, sent again before that went out?
    pub(super) fn is_resent(&self, frame: &Frame) -> bool {
        let judged = self.judged.as_ref();
        judged.is_some_and(|judged| {
            frame.start < judged.arrived && self.is_again(frame, &judged.frame)
        })
    }

    /// Is it this one again, perhaps damaged?
    fn is_again(&self, frame: &Frame, asked: &Frame) -> bool {
        let is_damaged = || Block::parse(&frame.bytes, self.settings.checked).is_err();
        frame.is_block == asked.is_block
            && (frame.bytes == asked.bytes || (frame.is_block && is_damaged()))
    }

    /// Drops what the client sent again before the reply, up to the first frame
    /// that is anything else. May there be more of it?
    pub(super) fn drop_resent(&mut self) -> bool {
        let State::Replying(_, asked, seen) = &self.state else {
            return false;
        };
        while self.kept.len() <= MAX_EMPTY {
            let Some(frame) = self.frames.next() else {
                return *seen < MAX_GLANCE;
            };
            if self.is_again(&frame, asked) {
                // The empty lines were those behind the one before it.
                self.kept.clear();
                continue;
            }
            let is_empty = !frame.is_block && frame.bytes.is_empty();
            self.kept.push_back(frame);
            if !is_empty {
                return false;
            }
        }
        false
    }

    /// There is nothing more that came before the reply, or enough of it.
    pub(super) fn replied(&mut self, actions: &mut Actions) {
        match std::mem::replace(&mut self.state, State::Listening) {
            State::Replying(reply, frame, _) => {
                let arrived = self.frames.arrived();
                self.judged = Some(Judged { frame, arrived });
                self.say(&reply, actions);
            }
            other => self.state = other,
        }
    }
}
