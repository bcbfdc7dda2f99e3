//! Tests with other people's programs that take seconds to start: `scripts/test`
//! leaves them out, and `scripts/test --slow` does not.

mod browser;
mod rabbitmq;
