//! The rate limiter that all nodes share.

use std::time::Duration;

use altus4_api_keys::{RateDecision, RateLimiter, RatePolicy, RateStatus};
use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

use crate::{
    RedisCache,
    client::RedisClient,
    script::{Script, millis, unix_millis},
};

/// No cache key begins so: what is cached has another form than counts.
const KEY_PREFIX: &str = "altus4:rate:";

/// A [`RateLimiter`] in Redis. Clones share the connections.
///
/// The nodes' clocks decide what still counts, as the port says; Redis's own clock only tells when a
/// key may be forgotten.
#[derive(Debug, Clone)]
pub struct RedisRateLimiter(RedisClient);

impl RedisRateLimiter {
    /// A limiter over the connections of this cache, and behind the same breaker: what is lost for
    /// one is lost for both.
    #[must_use]
    pub fn sharing(cache: &RedisCache) -> Self {
        Self(cache.client().clone())
    }

    async fn measure(
        &self,
        operation: &'static str,
        subject: &str,
        policy: RatePolicy,
        now: Timestamp,
        counts: bool,
    ) -> PortResult<(bool, RateStatus)> {
        let arguments = [
            i64::from(counts),
            unix_millis(now),
            i64::from(RatePolicy::step_of(now)),
            i64::from(RatePolicy::step_of(now + RatePolicy::SKEW)),
            i64::from(policy.limit),
            millis(policy.block),
            millis(RatePolicy::WINDOW),
            millis(RatePolicy::STEP),
            i64::from(RatePolicy::STEPS),
            millis(RatePolicy::SKEW),
        ];
        let key = format!("{KEY_PREFIX}{subject}");
        let (admitted, used, since, reset, blocked): (bool, u32, u64, u64, Option<u64>) =
            self.0.run_script(operation, &MEASURE, &key, &arguments).await?;
        let status = RateStatus {
            limit: policy.limit,
            used,
            window_start: now - Duration::from_millis(since),
            reset_at: now + Duration::from_millis(reset),
            blocked_until: blocked.map(|left| now + Duration::from_millis(left)),
        };
        Ok((admitted, status))
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateDecision> {
        let (admitted, status) = self.measure("rate_limits.take", subject, policy, now, true).await?;
        Ok(if admitted { RateDecision::Admitted(status) } else { RateDecision::Refused(status) })
    }

    async fn peek(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateStatus> {
        Ok(self.measure("rate_limits.peek", subject, policy, now, false).await?.1)
    }
}

/// The same as [`RateWindow`](altus4_api_keys::RateWindow), on a hash: a field for each step that has
/// requests, named by its number, and beside them `used` (the requests of all steps), `oldest` and
/// `newest` (steps), and `until` (the end of a block, in milliseconds). Steps are only looked through
/// when the oldest leaves, the clock was set back, or the limit shrank.
///
/// Answers whether the request was counted, how many are, for how long, and how long it is until more
/// is possible and until the block ends.
pub(crate) const MEASURE: Script = Script {
    sha1: "cffdcdd1bd93ac606bad7723b254023c243e2111",
    source: r"
local key = KEYS[1]
local counts, now, step, furthest = ARGV[1] == '1', tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local limit, block, window = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local step_ms, steps, skew = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

local state = redis.call('HMGET', key, 'used', 'oldest', 'newest', 'until')
local used, oldest, newest = tonumber(state[1] or 0), tonumber(state[2] or step), tonumber(state[3] or step)
local stored_until = state[4] and tonumber(state[4]) or nil
local blocked = stored_until
-- What has to be written, if this counts.
local set, gone = {}, {}

local function leaves_at(number) return (number + steps) * step_ms end

-- The steps, oldest first; filled when they are needed.
local held
local function look()
  if held then return end
  held = {}
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    if string.match(fields[i], '^%d+$') then
      held[#held + 1] = { number = tonumber(fields[i]), requests = tonumber(fields[i + 1]) }
    end
  end
  table.sort(held, function(one, other) return one.number < other.number end)
end

if used > 0 and (newest > furthest or oldest + steps <= step) then
  look()
  local kept, moved = {}, 0
  for _, one in ipairs(held) do
    if newest > furthest and one.number > step then
      -- The clock was set back: what seems to lie in the future was made now.
      moved = moved + one.requests
      gone[#gone + 1] = one.number
    elseif one.number + steps <= step then
      used = used - one.requests
      gone[#gone + 1] = one.number
    else
      kept[#kept + 1] = one
    end
  end
  if moved > 0 then
    local last = kept[#kept]
    if not last or last.number < step then
      last = { number = step, requests = 0 }
      kept[#kept + 1] = last
    end
    last.requests = last.requests + moved
    set[#set + 1] = step
    set[#set + 1] = last.requests
  end
  held = kept
  if #kept > 0 then oldest, newest = kept[1].number, kept[#kept].number end
end
if used == 0 then oldest, newest = step, step end

-- When there will be room for one more; nil when there is now, or never will be.
local function room_at()
  if used < limit or limit == 0 then return nil end
  if used == limit then return leaves_at(oldest) end
  look()
  local left = used
  for _, one in ipairs(held) do
    left = left - one.requests
    if left < limit then return leaves_at(one.number) end
  end
end

if blocked then
  if blocked > now + math.max(block, window + step_ms) + skew then
    -- No block is so long: it began before the clock was set back.
    blocked = math.max(now + block, room_at() or now)
  else
    -- With a smaller limit there may be room only later than was told.
    blocked = math.max(blocked, room_at() or blocked)
  end
  if blocked <= now then blocked = nil end
end

local admitted = false
if counts then
  if not blocked and used < limit then
    admitted = true
    newest = math.max(newest, step)
    local requests
    if held then
      local last = held[#held]
      requests = last and last.number == newest and last.requests or 0
    else
      requests = tonumber(redis.call('HGET', key, newest) or 0)
    end
    used = used + 1
    set[#set + 1] = newest
    set[#set + 1] = requests + 1
  elseif not blocked then
    blocked = math.max(now + block, room_at() or now + window)
  end
  if #set > 0 or #gone > 0 or blocked ~= stored_until then
    for name, value in pairs({ used = used, oldest = oldest, newest = newest, ['until'] = blocked }) do
      set[#set + 1] = name
      set[#set + 1] = string.format('%.0f', value)
    end
    if not blocked then gone[#gone + 1] = 'until' end
    -- Redis refuses to grow beyond its memory only what a script writes first.
    redis.call('HSET', key, unpack(set))
    if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
    local held_until = math.max(used > 0 and leaves_at(newest) or now, blocked or now)
    redis.call('PEXPIRE', key, string.format('%.0f', held_until - now + step_ms))
  end
end

local reset = blocked
if not reset and used > 0 and used < limit then reset = leaves_at(oldest) end
reset = reset or room_at() or now + window
local since = 0
if used > 0 then since = math.max(now - oldest * step_ms, 0) end
return { admitted and 1 or 0, used, since, math.max(reset - now, 0), blocked and blocked - now or false }
",
};
