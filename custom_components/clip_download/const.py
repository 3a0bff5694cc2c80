"""Constants of the integration."""

from typing import Final

DOMAIN: Final = "clip_download"

# A config entry's data: its kind, and what it signs in with (`accounts/`).
CONF_KIND: Final = "kind"
CONF_AUTH_IMPLEMENTATION: Final = "auth_implementation"
# Ids that the same account may have been set up with before (`Identity.others`).
CONF_OTHER_IDS: Final = "other_ids"

# A config subentry: a stream that a person named.
CONF_STREAM: Final = "stream"
SUBENTRY_STREAM: Final = "stream"

# A config entry's options. Times are in seconds.
CONF_AFTER: Final = "after"
# Which cameras are saved automatically: the id of each, and since when (ISO 8601); None
# for one that a person has switched off.
CONF_AUTOMATIC: Final = "automatic"
# Whether to fetch what the cloud still has, once the account is loaded.
CONF_BACK_FILL: Final = "back_fill"
CONF_BEFORE: Final = "before"
CONF_DOWNLOADS_AT_ONCE: Final = "downloads_at_once"
# The former ids of cameras that were set up again, each with the present one.
CONF_FORMER: Final = "former"
CONF_KINDS: Final = "kinds"
CONF_MEDIA_DIR: Final = "media_dir"
CONF_MERGE: Final = "merge"
CONF_NEW_CAMERAS: Final = "new_cameras"
CONF_PAUSE: Final = "pause"

# The limits of retention, of an account and of all: 0 or none is no limit.
CONF_FREE_GB: Final = "free_gb"
CONF_KEEP_DAYS: Final = "keep_days"
CONF_MOST_GB: Final = "most_gb"

DEFAULT_AFTER_S: Final = 30
DEFAULT_BEFORE_S: Final = 5
DEFAULT_DOWNLOADS_AT_ONCE: Final = 2
DEFAULT_MINUTES: Final = 5
# Dashboard cards for media read these names. `.mp4` is added.
NAME: Final = "Clip Download"
DEFAULT_FILENAME: Final = (
    "clip_download/{{ camera }}/{{ start.strftime('%Y-%m-%d') }}/"
    "{{ start.strftime('%Y-%m-%d_%H-%M-%S') }}{{ '_' ~ label if label }}"
)
