"""In place of django.contrib.admin in INSTALLED_APPS. Not in apps.py, where Django
expects one configuration.
"""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "staff.site.StaffSite"
