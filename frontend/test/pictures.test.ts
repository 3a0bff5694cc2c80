import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { iso } from "../src/time";
import { Pictures } from "../src/timeline/pictures";
import type { PictureAt } from "../src/types";

interface Asked {
  entityId: string;
  time: number;
  answer(found: PictureAt): void;
  fail(): void;
}

const setUp = () => {
  const asked: Asked[] = [];
  const changed = vi.fn();
  const pictures = new Pictures(
    (entityId, time) =>
      new Promise((resolve, reject) => asked.push({ entityId, time, answer: resolve, fail: () => reject(new Error("no")) })),
    (clipId) => Promise.resolve(`/${clipId}.mp4`),
    changed,
  );
  return { asked, changed, pictures };
};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("pictures of moments", () => {
  it("are asked for when the hand rests, of the newest moment of each place", async () => {
    const { asked, pictures } = setUp();
    for (const time of [1000, 2000, 3000]) pictures.want("hover", "camera.a", time, 500);
    pictures.want("end", "camera.a", 9000, 500);
    expect(asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.map((one) => one.time)).toEqual([3000]);
    asked[0]?.answer({ picture: "/3.jpg", at: iso(2900) });
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.map((one) => one.time)).toEqual([3000, 9000]);
    expect(pictures.near("camera.a", 3100, 500)).toEqual({ picture: "/3.jpg", at: 2900 });
    expect(pictures.near("camera.a", 5000, 500)).toBeNull();
    expect(pictures.near("camera.b", 3000, 500)).toBeNull();
  });

  it("are asked for once, also where there is none", async () => {
    const { asked, changed, pictures } = setUp();
    pictures.want("hover", "camera.a", 1000, 500);
    await vi.advanceTimersByTimeAsync(200);
    asked[0]?.answer({ picture: null, at: null });
    await vi.advanceTimersByTimeAsync(0);
    pictures.want("hover", "camera.a", 5000, 500);
    await vi.advanceTimersByTimeAsync(200);
    asked[1]?.fail();
    await vi.advanceTimersByTimeAsync(0);
    pictures.want("hover", "camera.a", 1200, 500);
    pictures.want("start", "camera.a", 5000, 500);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveLength(2);
    expect(changed).toHaveBeenCalledTimes(2);
    expect(pictures.at("camera.a", 1000, 0)).toBeNull();
  });

  it("are not asked for if nobody looks any more", async () => {
    const { asked, pictures } = setUp();
    pictures.want("hover", "camera.a", 1000, 500);
    pictures.forget("hover");
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveLength(0);
  });

  it("know where a clip plays once it was asked for", async () => {
    const { changed, pictures } = setUp();
    pictures.wantClip("one");
    pictures.wantClip("one");
    expect(pictures.clipUrl("one")).toBeNull();
    await vi.advanceTimersByTimeAsync(0);
    expect(pictures.clipUrl("one")).toBe("/one.mp4");
    expect(changed).toHaveBeenCalledOnce();
  });
});
