"""The configuration of admin, in INSTALLED_APPS in place of django.contrib.admin.

It is not in apps.py, where Django expects one configuration.
"""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "staff.site.StaffSite"
