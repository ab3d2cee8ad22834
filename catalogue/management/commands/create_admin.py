import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

NAME = "admin"


class Command(BaseCommand):
    help = "Make the first admin, with a password of its own, if there is none."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.DATA_DIR) / "admin_password.txt"
        if User.objects.filter(is_superuser=True).exists():
            where = f"; the password is in {path}" if path.exists() else ""
            self.stdout.write(f"There is an admin already{where}.")
            return
        password = secrets.token_urlsafe(12)
        # The file first: an admin whose password nobody knows would be lost.
        _write_private(path, password + "\n")
        user, _is_new = User.objects.update_or_create(
            username=NAME,
            defaults={"is_staff": True, "is_superuser": True, "is_active": True},
        )
        user.set_password(password)
        user.save()
        self.stdout.write(f"{NAME} / {password} (kept in {path})")


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can ever read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
