//! Runs the futures of fakes where there is no runtime.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
};

/// The outcome of a future that never waits for the world outside, such as every call of a fake.
/// One that does is polled again and again.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::yield_now();
    }
}
