//! The law of the command phase: what may go from the server to the driver and back. Pure: it is
//! given bytes and says how many of them may go on. It does no input or output, knows no clock,
//! keeps no bytes and allocates nothing.

use super::{
    answer::{self, Answer, Terms},
    bytes::{CONTINUED, HEAD, Head},
    ending::Ending,
};

/// The longest packet that is looked at as a whole: a column, an acknowledgement, an error.
pub(super) const MAX_WHOLE: usize = 8 * 1024;

/// How much the columns of an answer may take together; the driver keeps those of prepared
/// statements. A thousand columns take about 100 KiB.
const MAX_COLUMN_BYTES: usize = 256 * 1024;
/// And how much more for each parameter, which takes 28 bytes.
const MAX_PARAMETER_BYTES: usize = 64;

/// Watches over a session after its login.
///
/// Both of its methods are given the bytes that have come from one side and have not gone on yet,
/// and give the number of those that may. The rest are the beginning of a packet that has to be
/// seen as a whole, at most [`MAX_WHOLE`] and a head; they are to be given again with what comes
/// after them. After an error nothing may go on, in either direction.
pub(crate) struct Police {
    /// What the server may say.
    answer: Answer,
    terms: Terms,
    max_packet: usize,
    /// What is left of the row that the server is sending.
    row_left: usize,
    /// What is left of the command that the driver is sending.
    command_left: usize,
    is_preparing: bool,
    /// The place in the conversation of the server's next packet.
    next: u8,
    /// How much the server may still send for this command.
    budget: usize,
    max_answer: usize,
    /// How much of that has gone into columns and parameters.
    column_bytes: usize,
    commands: u64,
}

impl Police {
    /// For a session that has logged in. `has_eof` tells what was agreed on about the ends of
    /// columns and rows.
    pub(crate) fn new(has_eof: bool, max_packet: usize, max_answer: usize) -> Self {
        Self {
            answer: Answer::Over,
            terms: Terms { has_eof, marks: 0 },
            // No packet is continued in another one.
            max_packet: max_packet.min(CONTINUED - 1),
            row_left: 0,
            command_left: 0,
            is_preparing: false,
            next: 0,
            budget: 0,
            max_answer,
            column_bytes: 0,
            commands: 0,
        }
    }

    /// Whether the server owes an answer.
    pub(crate) fn is_busy(&self) -> bool {
        !self.answer.is_over()
    }

    /// How many commands there have been.
    pub(crate) fn commands(&self) -> u64 {
        self.commands
    }

    /// How many of these bytes of the driver may go to the server.
    pub(crate) fn admit_command(&mut self, bytes: &[u8]) -> Result<usize, Ending> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let passing = rest.len().min(self.command_left);
            if passing > 0 {
                if self.is_preparing {
                    self.terms.marks += marks(&rest[..passing]);
                }
                self.command_left -= passing;
                at += passing;
                continue;
            }
            let Some(head) = Head::read(rest) else { return Ok(at) };
            if head.length == 0 {
                return Err(Ending::Driver("an empty packet"));
            }
            let Some(command) = rest.get(HEAD) else { return Ok(at) };
            self.begin(head, *command)?;
            self.command_left = head.length - 1;
            at += HEAD + 1;
        }
    }

    fn begin(&mut self, head: Head, command: u8) -> Result<(), Ending> {
        if self.answer != Answer::Over {
            return Err(Ending::Driver("a command before the answer to the last"));
        }
        if head.sequence != 0 {
            return Err(Ending::Driver("a command in the midst of a conversation"));
        }
        if head.length > self.max_packet {
            return Err(Ending::Driver("a command that is too long"));
        }
        self.answer = Answer::to(command)?;
        self.is_preparing = answer::prepares(command);
        self.terms.marks = 0;
        self.next = 1;
        self.budget = self.max_answer;
        self.column_bytes = 0;
        self.commands += 1;
        Ok(())
    }

    /// How many of these bytes of the server may go to the driver.
    pub(crate) fn admit_answer(&mut self, bytes: &[u8]) -> Result<usize, Ending> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let passing = rest.len().min(self.row_left);
            if passing > 0 {
                self.row_left -= passing;
                at += passing;
                continue;
            }
            if rest.is_empty() {
                return Ok(at);
            }
            if self.answer.is_over() {
                return Err(Ending::Unasked);
            }
            let Some(head) = Head::read(rest) else { return Ok(at) };
            let size = self.weigh(head)?;
            let Some(first) = rest.get(HEAD) else { return Ok(at) };
            if self.answer.is_row(*first, head.length)? {
                self.row_left = HEAD + head.length;
            } else {
                if head.length > MAX_WHOLE {
                    return Err(Ending::Protocol("a packet that is too long for what it is"));
                }
                let Some(payload) = rest.get(HEAD..HEAD + head.length) else { return Ok(at) };
                if self.answer.is_column() {
                    self.column_bytes += size;
                }
                if self.column_bytes > MAX_COLUMN_BYTES + MAX_PARAMETER_BYTES * self.terms.marks {
                    return Err(Ending::TooLarge);
                }
                self.answer = self.answer.after(payload, &self.terms)?;
                at += HEAD + head.length;
            }
            self.budget -= size;
            self.next = self.next.wrapping_add(1);
        }
    }

    /// The packet's size with its head, if it stands where it should and isn't too large.
    fn weigh(&self, head: Head) -> Result<usize, Ending> {
        if head.sequence != self.next {
            return Err(Ending::Protocol("a packet out of its order"));
        }
        if head.length == 0 {
            return Err(Ending::Protocol("an empty packet"));
        }
        let size = HEAD + head.length;
        if head.length > self.max_packet || size > self.budget {
            return Err(Ending::TooLarge);
        }
        Ok(size)
    }
}

/// Every parameter of a statement is a question mark in it; other question marks don't matter.
fn marks(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'?').count() - 1
}
