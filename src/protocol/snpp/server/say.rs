//! The texts of the replies, as RFC 1861 suggests them in section 4. Only the
//! codes bind; what no text of the RFC fits is worded like its neighbours.

pub(super) const PAGER: &str = "250 Pager ID Accepted";
// That an ID is unknown and that its PIN is wrong are not told apart.
pub(super) const BAD_PAGER: &str = "550 Error, Invalid Pager ID or Password";
pub(super) const PAGERS: &str = "552 Max Recipients Exceeded";
pub(super) const MESSAGE: &str = "250 Message OK";
pub(super) const BAD_MESSAGE: &str = "550 ERROR, Invalid Message";
pub(super) const AGAIN: &str = "503 ERROR, Message Already Entered";
pub(super) const BEGIN: &str = "354 Begin Input; End with <CRLF>'.'<CRLF>";
pub(super) const RESET: &str = "250 RESET OK";
pub(super) const INCOMPLETE: &str = "503 Error, Pager ID or Message Incomplete";
pub(super) const FAILED: &str = "554 Message Failed, try again later";
pub(super) const NO_SUCH_PAGER: &str = "550 Failed, Illegal Pager ID";
pub(super) const REFUSED: &str = "550 Failed, Message Refused";
pub(super) const UNCERTAIN: &str = "550 Outcome Unknown, May Have Been Delivered";
pub(super) const LOGIN: &str = "250 Login Accepted";
pub(super) const BAD_LOGIN: &str = "550 Error, Invalid LoginID or Password";
pub(super) const LOGINS: &str = "421 Illegal Access Attempt";
pub(super) const LOGIN_FIRST: &str = "530 Error, LOGIn First";
pub(super) const PIPELINING: &str = "214 PIPELINING";
pub(super) const HELP: &str = "250 End of Help Information";
pub(super) const UNKNOWN: &str = "500 Command Not Implemented, Try Again";
pub(super) const LINE: &str = "500 Line Too Long";
pub(super) const GOODBYE: &str = "221 OK, Goodbye";
pub(super) const ERRORS: &str = "421 Too Many Errors, Goodbye";
pub(super) const TIMEOUT: &str = "421 Timeout, Goodbye";

pub(super) const LEVEL: &str = "250 OK, Alternate Service Level Accepted";
pub(super) const BAD_LEVEL: &str = "550 Error, Invalid Service Level Specified";
pub(super) const ALERT: &str = "250 OK, Alert Override Accepted";
pub(super) const BAD_ALERT: &str = "550 Error, Invalid Alert Parameter";
pub(super) const COVERAGE: &str = "250 Alternate Coverage Selected";
pub(super) const BAD_COVERAGE: &str = "550 Error, Invalid Alternate Region";
pub(super) const HOLD: &str = "250 Delayed Messaging Selected";
pub(super) const BAD_HOLD: &str = "550 Error, Invalid Delivery Date/Time";
pub(super) const CALLER: &str = "250 Caller ID Accepted";
pub(super) const BAD_CALLER: &str = "550 Error, Invalid Caller ID";
pub(super) const SUBJECT: &str = "250 Message Subject Accepted";
pub(super) const BAD_SUBJECT: &str = "550 Error, Invalid Subject Option";

pub(super) const TWO_WAY: &str = "250 OK, Beginning 2-Way Transaction";
pub(super) const STANDARD: &str = "550 Error, Standard Transaction Already Underway, use RESEt";
pub(super) const SELECTED: &str = "503 Already Selected PAGEr";
pub(super) const ONLINE: &str = "850 Two-Way Unit Online and Available; Transaction Accepted";
pub(super) const OFFLINE: &str = "950 Unit NOT Online; Message Will be Queued for Later Delivery";
pub(super) const BAD_MODE: &str = "550 Error, RTYPe Mode Invalid for This Unit";
pub(super) const NO_QUEUE: &str = "250 Queuing Disabled, This Transaction";
pub(super) const MUST_QUEUE: &str = "550 Can't Disable Queueing";
pub(super) const BAD_EXPIRY: &str = "550 Cannot Change Expiry Time";
pub(super) const ACK: &str = "250 Read Acknowledgment Enabled";
pub(super) const NO_ACK: &str = "250 Read Acknowledgment Disabled";
pub(super) const BAD_ACK: &str = "550 Cannot modify Read Acknowledgment";
pub(super) const REPLY: &str = "250 Reply Type Accepted";
pub(super) const BAD_REPLY: &str = "550 Illegal Reply Type";
pub(super) const REPLY_AGAIN: &str = "503 Already Entered That";
pub(super) const CHOICE: &str = "250 Response Added to Transaction";
pub(super) const CHOICE_AGAIN: &str = "502 Error! Would Duplicate Previously Entered MCResponse";
pub(super) const BAD_CHOICE: &str = "550 Invalid MCResponse Code";
pub(super) const NO_CHOICES: &str = "550 MCResponses Not Enabled";
pub(super) const CHOICES: &str = "552 Too Many MCResponses Entered";
pub(super) const PING_ONLINE: &str = "821 Unit On System, No Location Information Available";
pub(super) const PING_OFFLINE: &str =
    "920 Unit Not Online, But Can Queue Message for Later Delivery";
pub(super) const BAD_PING: &str = "550 Unknown or Illegal ID";
pub(super) const BAD_TICKET: &str = "550 Unknown or Illegal Message_Tag or Pass_Code";
pub(super) const NO_STATUS: &str = "554 No Status, try again later";
pub(super) const KILLED: &str = "250 Tag Killed";
pub(super) const NOT_KILLED: &str = "554 Tag Not Killed, try again later";
