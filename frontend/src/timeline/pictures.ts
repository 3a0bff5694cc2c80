import { ms } from "../time";
import type { PictureAt } from "../types";
import type { EventMark, Row } from "./model";

/** A picture, and the moment that it is of. */
export interface Shot {
  picture: string;
  at: number;
}

/** A hand that rests so long wants to see. */
const SETTLE_MS = 150;
/** Each has a link of a few hundred characters. */
const MOST_KNOWN = 400;

interface Answer {
  asked: number;
  shot: Shot | null;
}

interface Wish {
  entityId: string;
  time: number;
}

/**
 * The clouds' pictures of moments, for who looks along a timeline.
 *
 * They are asked for when the hand rests, one at a time, and of each place that shows one only the newest wish counts.
 */
export class Pictures {
  private readonly _answers = new Map<string, Answer[]>();
  private readonly _wishes = new Map<string, Wish>();
  private readonly _urls = new Map<string, string | null>();
  private _timer = 0;
  private _isAsking = false;

  constructor(
    private readonly _ask: (entityId: string, time: number) => Promise<PictureAt>,
    private readonly _askClip: (clipId: string) => Promise<string | null>,
    private readonly _changed: () => void,
  ) {}

  /** The known picture nearest to a moment, at most `reach` away. */
  near(entityId: string, time: number, reach: number): Shot | null {
    let best: Shot | null = null;
    let least = reach;
    for (const { shot } of this._answers.get(entityId) ?? []) {
      if (!shot || Math.abs(shot.at - time) > least) continue;
      least = Math.abs(shot.at - time);
      best = shot;
    }
    return best;
  }

  /** What the cloud answered for a moment; undefined if it has not. */
  at(entityId: string, time: number, precision: number): Shot | null | undefined {
    return this._answers.get(entityId)?.find((answer) => Math.abs(answer.asked - time) <= precision)?.shot;
  }

  /** Ask for a moment soon, for a place on the page; what it wished before is forgotten. */
  want(place: string, entityId: string, time: number, precision: number): void {
    if (this.at(entityId, time, precision) !== undefined) {
      this._wishes.delete(place);
      return;
    }
    const wish = this._wishes.get(place);
    if (wish?.entityId === entityId && wish.time === time) return;
    this._wishes.set(place, { entityId, time });
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._next(), SETTLE_MS);
  }

  forget(place: string): void {
    this._wishes.delete(place);
  }

  stop(): void {
    window.clearTimeout(this._timer);
    this._wishes.clear();
  }

  /** Where a saved clip plays, once `wantClip` has found out. */
  clipUrl(clipId: string): string | null {
    return this._urls.get(clipId) ?? null;
  }

  wantClip(clipId: string): void {
    if (this._urls.has(clipId)) return;
    this._urls.set(clipId, null);
    this._askClip(clipId).then(
      (url) => {
        this._urls.set(clipId, url);
        this._changed();
      },
      () => undefined,
    );
  }

  private async _next(): Promise<void> {
    const [next] = this._wishes;
    if (this._isAsking || !next) return;
    const [place, { entityId, time }] = next;
    this._wishes.delete(place);
    this._isAsking = true;
    let shot: Shot | null = null;
    try {
      const { picture, at } = await this._ask(entityId, time);
      if (picture !== null) shot = { picture, at: at === null ? time : ms(at) };
    } catch {
      // Without a picture the time is shown.
    }
    this._isAsking = false;
    this._answers.set(entityId, [...(this._answers.get(entityId) ?? []), { asked: time, shot }].slice(-MOST_KNOWN));
    this._changed();
    void this._next();
  }
}

/** The picture of the event that is nearest to a moment, at most `reach` away. */
export const eventShot = (row: Row, time: number, reach: number): (Shot & { mark: EventMark }) | null => {
  let best: (Shot & { mark: EventMark }) | null = null;
  let least = reach;
  for (const mark of row.events) {
    const { picture } = mark.event;
    if (!picture) continue;
    const away = Math.max(mark.start - time, time - mark.end, 0);
    if (away > least) continue;
    least = away;
    best = { picture, at: mark.start, mark };
  }
  return best;
};
