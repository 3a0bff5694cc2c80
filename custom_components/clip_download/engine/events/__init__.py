"""What the cameras saw: remembered, and watched for."""
