import type {
  Camera,
  CameraTimeline,
  Clip,
  ClipsChange,
  ClipsPage,
  HomeAssistant,
  JobsChange,
  SaveResponse,
  Unsubscribe,
} from "./types";
import { iso } from "./time";

/** One function for each command of the back end. */

export interface ClipsQuery {
  entity_ids?: string[];
  start?: string;
  end?: string;
  kept?: boolean;
  label?: string;
  cursor?: string;
  limit?: number;
}

export const fetchCameras = async (hass: HomeAssistant): Promise<Camera[]> =>
  (await hass.callWS<{ cameras: Camera[] }>({ type: "clip_download/cameras" })).cameras;

export const fetchTimeline = async (
  hass: HomeAssistant,
  entityIds: string[],
  start: number,
  end: number,
): Promise<CameraTimeline[]> =>
  (
    await hass.callWS<{ cameras: CameraTimeline[] }>({
      type: "clip_download/timeline",
      entity_ids: entityIds,
      start: iso(start),
      end: iso(end),
    })
  ).cameras;

export const fetchClips = (hass: HomeAssistant, query: ClipsQuery): Promise<ClipsPage> =>
  hass.callWS({ type: "clip_download/clips/list", ...query });

export const subscribeClips = (
  hass: HomeAssistant,
  listener: (change: ClipsChange) => void,
): Promise<Unsubscribe> => hass.connection.subscribeMessage(listener, { type: "clip_download/clips/subscribe" });

export const subscribeJobs = (
  hass: HomeAssistant,
  listener: (change: JobsChange) => void,
): Promise<Unsubscribe> => hass.connection.subscribeMessage(listener, { type: "clip_download/jobs/subscribe" });

export const cancelJob = (hass: HomeAssistant, jobId: string): Promise<{ cancelled: boolean }> =>
  hass.callWS({ type: "clip_download/jobs/cancel", job_id: jobId });

export const retryJob = (hass: HomeAssistant, jobId: string): Promise<{ job_id: string }> =>
  hass.callWS({ type: "clip_download/jobs/retry", job_id: jobId });

export const keepClip = async (hass: HomeAssistant, clipId: string, kept: boolean): Promise<Clip> =>
  (await hass.callWS<{ clip: Clip }>({ type: "clip_download/clip/keep", clip_id: clipId, kept })).clip;

export const labelClip = async (hass: HomeAssistant, clipId: string, label: string): Promise<Clip> =>
  (await hass.callWS<{ clip: Clip }>({ type: "clip_download/clip/label", clip_id: clipId, label })).clip;

export interface Deleted {
  deleted: string[];
  spared: { clip_id: string; reason: string }[];
}

export const deleteClips = (hass: HomeAssistant, clipIds: string[]): Promise<Deleted> =>
  hass.callWS({ type: "clip_download/clip/delete", clip_ids: clipIds });

/** Ask for a clip and do not wait for it: its job tells how it goes on. */
export const saveClip = async (
  hass: HomeAssistant,
  entityIds: string[],
  start: number,
  end: number,
  label: string,
): Promise<SaveResponse> => {
  const data = { start: iso(start), end: iso(end), wait: false, ...(label && { label }) };
  const answer = await hass.callService<SaveResponse>(
    "clip_download",
    "save_clip",
    data,
    { entity_id: entityIds },
    false,
    true,
  );
  return answer.response ?? {};
};

/** The integration's version as the back end has it. */
export const fetchVersion = async (hass: HomeAssistant): Promise<string | undefined> =>
  (await hass.callWS<{ version?: string }>({ type: "manifest/get", integration: "clip_download" })).version;
