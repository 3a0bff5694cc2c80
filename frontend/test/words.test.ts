import { describe, expect, it } from "vitest";

import { MockBackEnd, type MockOptions } from "../dev/mock";
import { formatOf } from "../src/format";
import { kindName, LANGUAGES, localizeFor } from "../src/localize";
import en from "../src/translations/en.json";

const hass = (more: Partial<MockOptions> = {}) =>
  new MockBackEnd({ zone: "Europe/Berlin", language: "en", timeFormat: "24", dark: false, state: "quiet", events: 0, ...more }).hass;

describe("format", () => {
  const time = Date.parse("2026-11-22T13:03:07Z");

  it("follows the clock, zone and language of the user", () => {
    expect(formatOf(hass()).seconds(time)).toBe("14:03:07");
    expect(formatOf(hass({ timeFormat: "12" })).time(time).replace("\u202f", " ")).toBe("2:03 PM");
    expect(formatOf(hass({ zone: "America/New_York" })).time(time)).toBe("08:03");
    expect(formatOf(hass({ language: "de" })).date(time)).toBe("So., 22. Nov. 2026");
    expect(formatOf(hass()).time(Date.parse("2026-11-21T23:00:00Z"))).toBe("00:00");
  });

  it("is the same object until something changes", () => {
    expect(formatOf(hass())).toBe(formatOf(hass()));
  });

  it("writes lengths, sizes and shares", () => {
    const format = formatOf(hass());
    expect([0, 999, 40_000, 61_000, 3_723_000].map(format.length)).toEqual(["0:00", "0:01", "0:40", "1:01", "1:02:03"]);
    expect(format.spoken(3_600_000 + 61_000)).toBe("1 hour 1 minute 1 second");
    expect(format.spoken(0)).toBe("0 seconds");
    expect([999, 1500, 12_345_678, 3_400_000_000].map(format.bytes)).toEqual(["999 byte", "1.5 kB", "12 MB", "3.4 GB"]);
    expect(format.percent(0.384)).toBe("38%");
  });
});

describe("texts", () => {
  it("puts values in, and leaves what is not given", () => {
    const localize = localizeFor("en");
    expect(localize("save.save", { length: "0:40" })).toBe("Save 0:40");
    expect(localize("save.save")).toBe("Save {length}");
    expect(localize("camera.problem", { camera: "{reason}", reason: "no" })).toBe("{reason}: no");
  });

  it("takes the form that goes with a number", () => {
    const localize = localizeFor("en-GB");
    expect([1, 2].map((count) => localize.plural("clips.gaps", count))).toEqual(["1 gap", "2 gaps"]);
  });

  it("falls back to English, and fences names in where it is read from the right", () => {
    expect(localizeFor("tlh")("undo")).toBe("Undo");
    expect(localizeFor("ar")("camera.problem", { camera: "A", reason: "B" })).toBe("\u2068A\u2069: \u2068B\u2069");
  });

  it("knows the kinds of events, and shows others as they are called", () => {
    const localize = localizeFor("en");
    expect(kindName(localize, "ding")).toBe("Doorbell");
    expect(kindName(localize, "glass_break")).toBe("glass break");
  });

  it.each(Object.entries(LANGUAGES))("is complete in %s, with the same values to put in", (_, language) => {
    const values = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    const shape = (words: Record<string, string>) => Object.fromEntries(Object.entries(words).map(([key, text]) => [key, values(text)]));
    expect(shape(language)).toEqual(shape(en));
    expect(Object.values(language).filter((text) => !text.trim())).toEqual([]);
  });

  it("is in the language of the user, without its region too", () => {
    expect([localizeFor("de")("undo"), localizeFor("nl-BE")("undo"), localizeFor("es-419")("undo")]).toEqual([
      "Rückgängig",
      "Ongedaan maken",
      "Deshacer",
    ]);
    expect([0, 1, 2].map((count) => localizeFor("fr").plural("clips.selected", count))).toEqual([
      "0 sélectionné",
      "1 sélectionné",
      "2 sélectionnés",
    ]);
  });

  it("has no text that nobody reads", () => {
    const files = import.meta.glob<string>("../src/**/*.ts", { query: "?raw", import: "default", eager: true });
    const source = Object.values(files).join("\n");
    const isUsed = (key: string): boolean => {
      const plain = key.replace(/\.(zero|one|two|few|many|other)$/, "");
      const family = `\`${plain.slice(0, plain.lastIndexOf(".") + 1)}\${`;
      return [`"${plain}"`, family].some((one) => source.includes(one));
    };
    expect(Object.keys(en).filter((key) => !isUsed(key))).toEqual([]);
  });
});
