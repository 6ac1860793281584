//! The attempt limiter that all nodes share.

use std::time::Duration;

use altus4_kernel::{PortResult, Timestamp};
use altus4_users::{Admission, AttemptLimiter, Quota};
use async_trait::async_trait;

use crate::{
    RedisCache,
    client::{RedisClient, ttl_ms},
    script::{Script, millis, unix_millis},
};

/// No cache key begins so: what is cached has another form than counts.
const KEY_PREFIX: &str = "altus4:attempts:";

/// An [`AttemptLimiter`] in Redis. Clones share the connections.
///
/// The nodes' clocks decide what still counts, as the port says; Redis's own clock only tells when
/// a key may be forgotten.
#[derive(Debug, Clone)]
pub struct RedisAttemptLimiter(RedisClient);

impl RedisAttemptLimiter {
    /// A limiter over the connections of this cache, and behind the same breaker: what is lost for
    /// one is lost for both.
    #[must_use]
    pub fn sharing(cache: &RedisCache) -> Self {
        Self(cache.client().clone())
    }
}

#[async_trait]
impl AttemptLimiter for RedisAttemptLimiter {
    async fn admit(&self, key: &str, quota: Quota, now: Timestamp) -> PortResult<Admission> {
        let window_ms = ttl_ms(quota.window);
        let arguments = [
            unix_millis(now),
            unix_millis(now - Duration::from_millis(window_ms)),
            i64::from(quota.limit),
            millis(quota.window),
        ];
        let key = format!("{KEY_PREFIX}{key}");
        let wait_ms: i64 = self.0.run_script("attempts.admit", &ADMIT, &key, &arguments).await?;
        Ok(match u64::try_from(wait_ms) {
            Ok(wait_ms) => Admission::Refused { retry_after: Duration::from_millis(wait_ms) },
            Err(_) => Admission::Admitted,
        })
    }
}

/// The same as [`AttemptLog::admit`](altus4_users::AttemptLog::admit), on a sorted set of attempts
/// by their time. Answers how many milliseconds to wait; -1 for an attempt that was counted.
const ADMIT: Script = Script {
    sha1: "6347104de9e8f7fd70c5b5f48546ca449732986e",
    source: r"
local attempts, now, left, limit, window = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
-- Redis refuses to grow beyond its memory only what a script writes first: a new key begins below.
if redis.call('EXISTS', attempts) == 1 then
  for _, later in ipairs(redis.call('ZRANGEBYSCORE', attempts, '(' .. now, '+inf')) do
    redis.call('ZADD', attempts, now, later)
  end
  redis.call('ZREMRANGEBYSCORE', attempts, '-inf', left)
end
local count = redis.call('ZCARD', attempts)
local wait = -1
if count < limit then
  -- Several attempts of one millisecond need several names.
  local number = count
  while redis.call('ZADD', attempts, 'NX', now, now .. ':' .. number) == 0 do
    number = number + 1
  end
else
  local leaving = redis.call('ZRANGE', attempts, count - limit, count - limit, 'WITHSCORES')[2] or now
  wait = tonumber(leaving) - tonumber(left)
end
redis.call('PEXPIRE', attempts, window)
return wait
",
};
