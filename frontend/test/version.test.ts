import { beforeEach, describe, expect, it, vi } from "vitest";

import { isNewer, reloadIfOlder } from "../src/version";
import type { HomeAssistant } from "../src/types";

const hassOf = (version: string | Error): HomeAssistant =>
  ({
    callWS: () => (version instanceof Error ? Promise.reject(version) : Promise.resolve({ version })),
  }) as unknown as HomeAssistant;

describe("versions", () => {
  it.each([
    ["1.10.0", "1.9.2"],
    ["2.0", "1.9.9"],
    ["1.0.0", "1.0.0b3"],
    ["1.0.0b3", "1.0.0b2"],
    ["1.0.0rc1", "1.0.0b9"],
  ])("%s comes after %s", (one, other) => {
    expect(isNewer(one, other)).toBe(true);
    expect(isNewer(other, one)).toBe(false);
    expect(isNewer(one, one)).toBe(false);
  });
});

describe("a bundle that is older than the back end", () => {
  beforeEach(() => sessionStorage.clear());

  it("loads the page anew, once", async () => {
    const reload = vi.fn();
    await reloadIfOlder(hassOf("1.3.0"), "1.2.3", reload);
    await reloadIfOlder(hassOf("1.3.0"), "1.2.3", reload);
    expect(reload).toHaveBeenCalledTimes(1);
    await reloadIfOlder(hassOf("1.4.0"), "1.2.3", reload);
    expect(reload).toHaveBeenCalledTimes(2);
  });

  it("does nothing otherwise", async () => {
    const reload = vi.fn();
    await reloadIfOlder(hassOf("1.2.3"), "1.2.3", reload);
    await reloadIfOlder(hassOf("1.2.2"), "1.2.3", reload);
    await reloadIfOlder(hassOf(new Error("gone")), "1.2.3", reload);
    expect(reload).not.toHaveBeenCalled();
  });
});
