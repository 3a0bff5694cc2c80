# Home Assistant puts probatio in the place of voluptuous; types have to follow.
from probatio import *  # noqa: F403
