// Days and local times of a zone, over the nights on which clocks change.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLocalTime, dayAfter, isDay } from "../../src/core/local-time.ts";

const ZONES = [
  "UTC",
  "Asia/Taipei",
  "America/New_York",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Africa/Cairo",
];

describe("a zone's calendar", () => {
  test("shows times with their offset, to the millisecond", () => {
    const at = Date.UTC(2026, 10, 20, 13, 3, 4, 5);
    expect(createLocalTime("Asia/Taipei").text(at)).toBe("2026-11-20T21:03:04.005+08:00");
    expect(createLocalTime("America/New_York").text(at)).toBe("2026-11-20T08:03:04.005-05:00");
    expect(createLocalTime("Asia/Kathmandu").text(at)).toBe("2026-11-20T18:48:04.005+05:45");
    expect(createLocalTime("UTC").text(at)).toBe("2026-11-20T13:03:04.005+00:00");
    expect(() => createLocalTime("Mars/Olympus")).toThrow(RangeError);
  });

  test("counts short and long days when the clocks change", () => {
    const hours = (zone: string, day: string) => {
      const calendar = createLocalTime(zone);
      return (calendar.startOf(dayAfter(day, 1)) - calendar.startOf(day)) / 3_600_000;
    };
    expect(hours("America/New_York", "2026-03-08")).toBe(23);
    expect(hours("America/New_York", "2026-11-01")).toBe(25);
    expect(hours("Australia/Lord_Howe", "2026-10-04")).toBe(23.5);
    expect(hours("Asia/Taipei", "2026-03-08")).toBe(24);
    // Midnight itself is skipped here: the day begins at one.
    expect(createLocalTime("Africa/Cairo").text(createLocalTime("Africa/Cairo").startOf("2026-04-24"))).toBe(
      "2026-04-24T01:00:00.000+03:00",
    );
  });

  test("gives every time the day that it falls on, and begins each day at its first moment", () => {
    const time = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), time, (zone, at) => {
        const calendar = createLocalTime(zone);
        const day = calendar.day(at);
        const [start, end] = [calendar.startOf(day), calendar.startOf(dayAfter(day, 1))];
        expect(start <= at && at < end).toBe(true);
        expect([calendar.day(start), calendar.day(start - 1) < day]).toEqual([day, true]);
        expect(Date.parse(calendar.text(at))).toBe(at);
        expect(calendar.text(at).slice(0, 10)).toBe(day);
      }),
      { numRuns: 300 },
    );
  });

  test("knows days of the calendar", () => {
    expect(["2026-02-28", "2028-02-29"].every(isDay)).toBe(true);
    expect(["2026-02-29", "2026-13-01", "2026-1-1", "20261120", "2026-11-20T00:00:00Z", ""].some(isDay)).toBe(false);
  });
});
