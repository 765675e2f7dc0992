// Opens the steps for the system that the visitor seems to use. Without script they are a click away.

const { userAgent, maxTouchPoints } = navigator;
const isTouchMac = /Macintosh/.test(userAgent) && maxTouchPoints > 1; // an iPad calls itself a Mac

function systemOf() {
  if (/iPhone|iPad|iPod/.test(userAgent) || isTouchMac) return "ios";
  if (/Android/.test(userAgent)) return "android";
  if (/CrOS/.test(userAgent)) return "chromeos";
  if (/Windows/.test(userAgent)) return "windows";
  if (/Macintosh/.test(userAgent)) return "macos";
  return /Firefox/.test(userAgent) ? "firefox" : "linux";
}

const steps = document.getElementById(systemOf());
if (steps) steps.open = true;
