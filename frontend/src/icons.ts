import {
  mdiAccount,
  mdiAlarmLight,
  mdiBellRing,
  mdiCar,
  mdiDoor,
  mdiDownload,
  mdiEye,
  mdiMotionSensor,
  mdiPackageVariant,
  mdiPaw,
} from "@mdi/js";

export {
  mdiAlertCircleOutline,
  mdiArrowExpandHorizontal,
  mdiArrowExpandVertical,
  mdiCalendarToday,
  mdiCctv,
  mdiCheckCircle,
  mdiCheckCircleOutline,
  mdiCheckboxBlankCircleOutline,
  mdiCheckboxMultipleMarkedOutline,
  mdiChevronLeft,
  mdiChevronRight,
  mdiClockOutline,
  mdiClose,
  mdiCloudCheckOutline,
  mdiCloudDownloadOutline,
  mdiCloudOffOutline,
  mdiCloudOutline,
  mdiContentCopy,
  mdiContentCut,
  mdiDelete,
  mdiDownload,
  mdiFilmstrip,
  mdiFolderZipOutline,
  mdiFullscreen,
  mdiLinkVariant,
  mdiLoading,
  mdiMagnify,
  mdiMagnifyMinusOutline,
  mdiMagnifyPlusOutline,
  mdiMenuDown,
  mdiMinus,
  mdiPause,
  mdiPencil,
  mdiPin,
  mdiPinOutline,
  mdiPlay,
  mdiPlus,
  mdiRefresh,
  mdiSelectAll,
  mdiShareVariant,
  mdiSkipNext,
  mdiSkipPrevious,
  mdiTimelineClockOutline,
  mdiVolumeHigh,
  mdiVolumeOff,
} from "@mdi/js";

/** How an event is drawn. Of several that lie on one place, the lowest rank is shown. */
export interface EventLook {
  icon: string;
  /** The theme's color, and what it is without one. */
  color: string;
  fallback: string;
  rank: number;
}

const MOTION: EventLook = {
  icon: mdiMotionSensor,
  color: "--blue-grey-color",
  fallback: "#607d8b",
  rank: 7,
};

/** By kind; any other is drawn as a motion. */
export const LOOKS: Record<string, EventLook> = {
  ding: { icon: mdiBellRing, color: "--orange-color", fallback: "#ef6c00", rank: 0 },
  alarm: { icon: mdiAlarmLight, color: "--red-color", fallback: "#e53935", rank: 1 },
  package: { icon: mdiPackageVariant, color: "--brown-color", fallback: "#8d6e63", rank: 2 },
  person: { icon: mdiAccount, color: "--purple-color", fallback: "#9c27b0", rank: 3 },
  vehicle: { icon: mdiCar, color: "--indigo-color", fallback: "#5c6bc0", rank: 4 },
  animal: { icon: mdiPaw, color: "--green-color", fallback: "#43a047", rank: 5 },
  door_activity: { icon: mdiDoor, color: "--teal-color", fallback: "#00897b", rank: 6 },
  motion: MOTION,
  on_demand: { icon: mdiEye, color: "--blue-grey-color", fallback: "#607d8b", rank: 8 },
  on_demand_link: { icon: mdiDownload, color: "--blue-grey-color", fallback: "#607d8b", rank: 9 },
};

/** The kind that an event is called by: what was seen says more than that something moved. */
export const mainKind = (kind: string, seen: string[]): string =>
  [kind, ...seen].reduce((best, one) => (lookOf(one).rank < lookOf(best).rank ? one : best), kind);

export const lookOf = (kind: string): EventLook => LOOKS[kind] ?? MOTION;
