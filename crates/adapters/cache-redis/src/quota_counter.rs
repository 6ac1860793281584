//! The quota counter that all nodes share.

use std::time::Duration;

use altus4_api_keys::{Ceiling, QuotaCounter, QuotaKey, Taking, Used};
use altus4_kernel::PortResult;
use async_trait::async_trait;

use crate::{
    RedisCache,
    client::RedisClient,
    script::{Script, millis},
};

/// No cache key begins so: what is cached has another form than counts.
const KEY_PREFIX: &str = "altus4:quota:";
/// Lua counts in doubles, which are exact up to here. Sums stop there.
const MOST: u64 = (1 << 53) - 1;
/// How much longer than its period a count is kept, as clocks differ.
const MARGIN: Duration = Duration::from_hours(1);

/// A [`QuotaCounter`] in Redis. Clones share the connections.
#[derive(Debug, Clone)]
pub struct RedisQuotaCounter(RedisClient);

impl RedisQuotaCounter {
    /// A counter over the connections of this cache, and behind the same breaker: what is lost for
    /// one is lost for both.
    #[must_use]
    pub fn sharing(cache: &RedisCache) -> Self {
        Self(cache.client().clone())
    }
}

#[async_trait]
impl QuotaCounter for RedisQuotaCounter {
    async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Taking> {
        let arguments = [
            number(amount.requests),
            number(amount.spent_microcents),
            at_most(ceiling.requests),
            at_most(ceiling.spent_microcents),
            number(MOST),
        ];
        let answer: Option<(bool, u64, u64)> =
            self.0.run_script("quotas.take", &TAKE, &prefixed(key), &arguments).await?;
        Ok(match answer {
            None => Taking::Unknown,
            Some((taken, requests, spent_microcents)) => {
                let used = Used { requests, spent_microcents };
                if taken { Taking::Taken(used) } else { Taking::Refused(used) }
            }
        })
    }

    async fn raise(&self, key: QuotaKey, at_least: Used) -> PortResult<()> {
        let length = (key.period.end.as_utc() - key.period.start.as_utc()).unsigned_abs();
        let arguments = [
            number(at_least.requests),
            number(at_least.spent_microcents),
            // A period's length after it was first asked about, it is over.
            millis(length.saturating_add(MARGIN)),
        ];
        self.0.run_script("quotas.raise", &RAISE, &prefixed(key), &arguments).await
    }
}

fn prefixed(QuotaKey { key, period }: QuotaKey) -> String {
    format!("{KEY_PREFIX}{key}:{}-{}", written(period.start), written(period.end))
}

/// In milliseconds, which times are made of.
fn written(moment: altus4_kernel::Timestamp) -> i128 {
    moment.as_utc().unix_timestamp_nanos() / 1_000_000
}

fn number(amount: u64) -> i64 {
    amount.min(MOST).cast_signed()
}

/// -1 stands for no ceiling; a sum that is as large as it can be is under any.
fn at_most(ceiling: Option<u64>) -> i64 {
    ceiling.filter(|ceiling| *ceiling <= MOST).map_or(-1, u64::cast_signed)
}

/// The same as [`Ceiling::admit`], on a hash of the fields `requests` and `spent`. Answers whether it
/// was taken, and the sums; nothing for a key that is unknown.
pub(crate) const TAKE: Script = Script {
    sha1: "e641a47d8b27daa7c15d4bc0eeb7fc5941220cd8",
    source: r"
local most = tonumber(ARGV[5])
local sums = redis.call('HMGET', KEYS[1], 'requests', 'spent')
if not sums[1] then return false end

local function sum_within(ceiling, used, amount)
  local sum = used + amount
  if amount > 0 and ceiling >= 0 and sum > ceiling then return nil end
  return math.min(sum, most)
end

local used, spent = tonumber(sums[1]), tonumber(sums[2])
local more_used = sum_within(tonumber(ARGV[3]), used, tonumber(ARGV[1]))
local more_spent = sum_within(tonumber(ARGV[4]), spent, tonumber(ARGV[2]))
if not more_used or not more_spent then return { 0, used, spent } end
if more_used ~= used or more_spent ~= spent then
  redis.call('HSET', KEYS[1], 'requests', string.format('%.0f', more_used), 'spent', string.format('%.0f', more_spent))
end
return { 1, more_used, more_spent }
",
};

/// Makes both sums at least so large, and keeps them for so many milliseconds.
pub(crate) const RAISE: Script = Script {
    sha1: "337aff7bab46645d7ecb14e748e4476d6e6142cb",
    source: r"
local sums = redis.call('HMGET', KEYS[1], 'requests', 'spent')
local used = math.max(tonumber(sums[1] or 0), tonumber(ARGV[1]))
local spent = math.max(tonumber(sums[2] or 0), tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'requests', string.format('%.0f', used), 'spent', string.format('%.0f', spent))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.status_reply('OK')
",
};
