import { MINUTE } from "./time";
import type { HomeAssistant } from "./types";

/** Words for times, lengths and sizes, as the user set them in Home Assistant. */
export interface Format {
  language: string;
  zone: string;
  /** `14:03` or `2:03 PM` */
  time(time: number): string;
  /** The same with seconds. */
  seconds(time: number): string;
  /** `Sun, 22 Nov 2026` */
  date(time: number): string;
  /** `22 Nov` */
  shortDate(time: number): string;
  /** `0:40`, `1:02:03` */
  length(milliseconds: number): string;
  /** A length in words, for those who hear it. */
  spoken(milliseconds: number): string;
  /** A length that is only known roughly, in its largest unit. */
  rough(milliseconds: number): string;
  bytes(count: number): string;
  /** An amount of US dollars, also a very small one. */
  dollars(amount: number): string;
  percent(share: number): string;
  count(value: number): string;
}

const hour12 = (hass: HomeAssistant): boolean | undefined => {
  switch (hass.locale.time_format) {
    case "12":
      return true;
    case "24":
      return false;
    case "system":
      return new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hour12;
    default:
      return undefined;
  }
};

export const zoneOf = (hass: HomeAssistant): string =>
  hass.locale.time_zone === "server"
    ? hass.config.time_zone
    : Intl.DateTimeFormat().resolvedOptions().timeZone;

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

const makeFormat = (language: string, zone: string, twelve: boolean | undefined): Format => {
  const clock: Intl.DateTimeFormatOptions = {
    timeZone: zone,
    hour: twelve === true ? "numeric" : "2-digit",
    minute: "2-digit",
    ...(twelve !== undefined && { hourCycle: twelve ? "h12" : "h23" }),
  };
  const time = new Intl.DateTimeFormat(language, clock);
  const seconds = new Intl.DateTimeFormat(language, { ...clock, second: "2-digit" });
  const date = new Intl.DateTimeFormat(language, {
    timeZone: zone,
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
  });
  const shortDate = new Intl.DateTimeFormat(language, { timeZone: zone, month: "short", day: "numeric" });
  const digits = new Intl.NumberFormat(language, { minimumIntegerDigits: 2, useGrouping: false });
  const number = new Intl.NumberFormat(language, { useGrouping: false });
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  const money: Intl.NumberFormatOptions = { style: "currency", currency: "USD" };
  const dollars = new Intl.NumberFormat(language, money);
  const cents = new Intl.NumberFormat(language, { ...money, maximumSignificantDigits: 1 });
  // They are slow to make.
  const units = new Map<string, Intl.NumberFormat>();
  const unit = (value: number, name: string, display: "long" | "short"): string => {
    const maximumFractionDigits = display === "long" || value >= 10 ? 0 : 1;
    const key = `${name} ${display} ${maximumFractionDigits}`;
    let formatter = units.get(key);
    if (!formatter) {
      formatter = new Intl.NumberFormat(language, {
        style: "unit",
        unit: name,
        unitDisplay: display,
        maximumFractionDigits,
      });
      units.set(key, formatter);
    }
    return formatter.format(value);
  };
  const parts = (milliseconds: number): [number, number, number] => {
    const whole = Math.round(milliseconds / 1000);
    return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  };
  return {
    language,
    zone,
    time: (value) => time.format(value),
    seconds: (value) => seconds.format(value),
    date: (value) => date.format(value),
    shortDate: (value) => shortDate.format(value),
    length: (milliseconds) => {
      const [h, m, s] = parts(milliseconds);
      return h
        ? `${number.format(h)}:${digits.format(m)}:${digits.format(s)}`
        : `${number.format(m)}:${digits.format(s)}`;
    },
    spoken: (milliseconds) => {
      const [h, m, s] = parts(milliseconds);
      const words = [
        ...(h ? [unit(h, "hour", "long")] : []),
        ...(m ? [unit(m, "minute", "long")] : []),
        ...(s || (!h && !m) ? [unit(s, "second", "long")] : []),
      ];
      return words.join(" ");
    },
    rough: (milliseconds) => {
      const minutes = Math.max(1, Math.round(milliseconds / MINUTE));
      return minutes < 90 ? unit(minutes, "minute", "short") : unit(Math.round(minutes / 60), "hour", "short");
    },
    bytes: (count) => {
      let value = count;
      let index = 0;
      while (value >= 1000 && index < UNITS.length - 1) {
        value /= 1000;
        index += 1;
      }
      return unit(value, UNITS[index] ?? "byte", "short");
    },
    dollars: (amount) => (amount < 0.01 ? cents : dollars).format(amount),
    percent: (share) => percent.format(share),
    count: (value) => number.format(value),
  };
};

let last: { key: string; format: Format } | undefined;

/** The words for this user; the same object as long as nothing that matters changes. */
export const formatOf = (hass: HomeAssistant): Format => {
  const language = hass.locale.language;
  const zone = zoneOf(hass);
  const twelve = hour12(hass);
  const key = `${language} ${zone} ${String(twelve)}`;
  if (last?.key !== key) last = { key, format: makeFormat(language, zone, twelve) };
  return last.format;
};
