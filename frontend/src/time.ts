/** Times are milliseconds since 1970 everywhere; days and clocks are those of a time zone. */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const iso = (time: number): string => new Date(time).toISOString();
export const ms = (time: string): number => Date.parse(time);

export interface Clock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

const clockFormatter = (zone: string): Intl.DateTimeFormat => {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, formatter);
  }
  return formatter;
};

/** What calendar and clock show at a time in a zone. */
export const clockAt = (time: number, zone: string): Clock => {
  const clock: Clock = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const part of clockFormatter(zone).formatToParts(time)) {
    if (part.type in clock) clock[part.type as keyof Clock] = Number(part.value);
  }
  return clock;
};

const asUtc = (clock: Clock): number =>
  Date.UTC(clock.year, clock.month - 1, clock.day, clock.hour, clock.minute, clock.second);

/** How far a zone's clock is ahead of UTC at a time. */
export const offsetAt = (time: number, zone: string): number => {
  const whole = Math.floor(time / SECOND) * SECOND;
  return asUtc(clockAt(whole, zone)) - whole;
};

/** The time at which a zone's clock shows this; where it shows it twice, the first. */
export const timeOf = (clock: Clock, zone: string): number => {
  const utc = asUtc(clock);
  // The offset that holds there is one of those that hold a day earlier and later.
  const before = utc - offsetAt(utc - 24 * HOUR, zone);
  const after = utc - offsetAt(utc + 24 * HOUR, zone);
  for (const time of before < after ? [before, after] : [after, before]) {
    if (asUtc(clockAt(time, zone)) === utc) return time;
  }
  // The clock never showed it, as it was put forward.
  return before;
};

export interface Day {
  /** As `2026-11-22`. */
  id: string;
  start: number;
  end: number;
}

/** The day that is so many days after the one of a time; it may have 23 or 25 hours. */
export const dayAt = (time: number, zone: string, days = 0): Day => {
  const { year, month, day } = clockAt(time, zone);
  const midnight = (add: number): number => {
    const date = new Date(Date.UTC(year, month - 1, day + add));
    const clock = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: 0,
      minute: 0,
      second: 0,
    };
    return timeOf(clock, zone);
  };
  return {
    id: new Date(Date.UTC(year, month - 1, day + days)).toISOString().slice(0, 10),
    start: midnight(days),
    end: midnight(days + 1),
  };
};

export const dayById = (id: string, zone: string): Day => {
  const [year = 0, month = 1, day = 1] = id.split("-").map(Number);
  return dayAt(timeOf({ year, month, day, hour: 12, minute: 0, second: 0 }, zone), zone);
};

/**
 * Read a typed time of day, such as `14:03`, `140320`, `2:03:20 pm`.
 *
 * Of the days it can be meant for, the one nearest to `near` is taken; one within `limits` goes first.
 * Null if it is not a time.
 */
export const parseTime = (
  text: string,
  near: number,
  zone: string,
  limits?: { start: number; end: number },
): number | null => {
  const plain = text
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .trim()
    .toLowerCase();
  const found =
    /^(\d{1,2})(?:[:.\s]?(\d{2}))?(?:[:.\s]?(\d{2}))?\s*([ap])?\.?\s*(?:m\.?)?$/.exec(plain);
  if (!found) return null;
  let hour = Number(found[1]);
  const minute = Number(found[2] ?? 0);
  const second = Number(found[3] ?? 0);
  if (found[4]) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (found[4] === "p" ? 12 : 0);
  }
  if (hour > 23 || minute > 59 || second > 59) return null;
  const times = [-1, 0, 1].map((days) => {
    const [year = 0, month = 0, day = 0] = dayAt(near, zone, days).id.split("-").map(Number);
    return timeOf({ year, month, day, hour, minute, second }, zone);
  });
  const inside = limits ? times.filter((time) => limits.start <= time && time <= limits.end) : [];
  return (inside.length ? inside : times).reduce((best, time) =>
    Math.abs(time - near) < Math.abs(best - near) ? time : best,
  );
};

export const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most);
