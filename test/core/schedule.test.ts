// The hours of a bot: windows by the wall clock, over midnight, over clock changes; the next change is the first one.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWithin, nextChange, type Schedule, scheduleSchema, WEEKDAYS } from "../../src/core/schedule.ts";
import { outsideText, readWindows, shownWindows } from "../../src/core/schedule-words.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function schedule(windows: unknown, rest: object = {}): Schedule {
  return scheduleSchema.parse({ windows, ...rest });
}

function at(text: string): number {
  return Date.parse(text);
}

const WEEKDAY_HOURS = schedule([{ days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:30" }]);

describe("isWithin", () => {
  test("knows weekdays and wall time of the zone; the end is outside", () => {
    // 2026-11-20 is a Friday; Taipei is eight hours ahead.
    expect(isWithin(WEEKDAY_HOURS, at("2026-11-20T00:59:59Z"), "Asia/Taipei")).toBe(false);
    expect(isWithin(WEEKDAY_HOURS, at("2026-11-20T01:00:00Z"), "Asia/Taipei")).toBe(true);
    expect(isWithin(WEEKDAY_HOURS, at("2026-11-20T09:29:59Z"), "Asia/Taipei")).toBe(true);
    expect(isWithin(WEEKDAY_HOURS, at("2026-11-20T09:30:00Z"), "Asia/Taipei")).toBe(false);
    expect(isWithin(WEEKDAY_HOURS, at("2026-11-21T02:00:00Z"), "Asia/Taipei")).toBe(false);
  });

  test("the schedule's own zone counts before the given one", () => {
    const own = schedule([{ from: "09:00", to: "10:00" }], { timezone: "Asia/Taipei" });
    expect(isWithin(own, at("2026-11-20T01:30:00Z"), "UTC")).toBe(true);
    expect(isWithin(own, at("2026-11-20T09:30:00Z"), "UTC")).toBe(false);
  });

  test("a window over midnight belongs to the day on which it begins; equal times are a whole day", () => {
    const night = schedule([{ days: ["fri"], from: "22:00", to: "02:00" }]);
    expect(isWithin(night, at("2026-11-20T22:00:00Z"), "UTC")).toBe(true);
    expect(isWithin(night, at("2026-11-21T01:59:00Z"), "UTC")).toBe(true);
    expect(isWithin(night, at("2026-11-21T22:30:00Z"), "UTC")).toBe(false);
    expect(isWithin(night, at("2026-11-20T01:00:00Z"), "UTC")).toBe(false);
    const day = schedule([{ days: ["fri"], from: "06:00", to: "06:00" }]);
    expect(isWithin(day, at("2026-11-21T05:59:00Z"), "UTC")).toBe(true);
    expect(isWithin(day, at("2026-11-20T05:59:00Z"), "UTC")).toBe(false);
  });
});

describe("clock changes", () => {
  const early = schedule([{ from: "02:30", to: "04:00" }]);

  test("a beginning that the clock skips takes place when the clock has been put forward", () => {
    // Berlin, 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC.
    expect(nextChange(early, at("2026-03-29T00:00:00Z"), "Europe/Berlin")).toBe(at("2026-03-29T01:00:00Z"));
    expect(nextChange(early, at("2026-03-29T01:00:00Z"), "Europe/Berlin")).toBe(at("2026-03-29T02:00:00Z"));
    expect(nextChange(early, at("2026-03-28T00:00:00Z"), "Europe/Berlin")).toBe(at("2026-03-28T01:30:00Z"));
  });

  test("an hour that comes twice counts twice", () => {
    // Berlin, 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC.
    const until = schedule([{ from: "01:00", to: "02:30" }]);
    const changes = [at("2026-10-24T22:00:00Z")];
    for (let count = 0; count < 4; count += 1) changes.push(nextChange(until, changes.at(-1) ?? 0, "Europe/Berlin") ?? 0);
    expect(changes.slice(1).map((time) => new Date(time).toISOString().slice(11, 16))).toEqual(["23:00", "00:30", "01:00", "01:30"]);
  });
});

describe("nextChange", () => {
  test("finds the next beginning over a weekend, and null where nothing ever changes", () => {
    expect(nextChange(WEEKDAY_HOURS, at("2026-11-20T09:30:00Z"), "Asia/Taipei")).toBe(at("2026-11-23T01:00:00Z"));
    expect(nextChange(schedule([{ from: "00:00", to: "00:00" }]), at("2026-11-20T09:30:00Z"), "UTC")).toBeNull();
  });

  const windows = fc.array(
    fc.record({
      days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
      from: clock(),
      to: clock(),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const zones = fc.constantFrom("UTC", "Asia/Taipei", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu");
  const instants = fc.integer({ min: at("2025-01-01T00:00:00Z"), max: at("2027-12-31T00:00:00Z") });

  test("is the first whole minute at which isWithin differs (brute force agrees)", () => {
    fc.assert(
      fc.property(windows, zones, instants, (list, zone, now) => {
        const hours = schedule(list);
        const isNow = isWithin(hours, now, zone);
        const found = nextChange(hours, now, zone);
        const start = Math.floor(now / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
        const end = Math.min(found ?? Number.POSITIVE_INFINITY, start + 12 * HOUR_MS);
        for (let time = start; time < end; time += MINUTE_MS) if (isWithin(hours, time, zone) !== isNow) return false;
        return found === null || (found > now && isWithin(hours, found, zone) !== isNow);
      }),
      { numRuns: 300 },
    );
  });

  test("stays first across clock changes of a zone (brute force around both changes)", () => {
    const around = fc.constantFrom(at("2026-03-08T00:00:00Z"), at("2026-11-01T00:00:00Z"));
    fc.assert(
      fc.property(windows, around, fc.integer({ min: 0, max: 12 * 60 }), (list, day, minutes) => {
        const hours = schedule(list);
        const now = day + minutes * MINUTE_MS;
        const found = nextChange(hours, now, "America/New_York");
        let expected = now + MINUTE_MS;
        const isNow = isWithin(hours, now, "America/New_York");
        while (expected < now + 24 * HOUR_MS && isWithin(hours, expected, "America/New_York") === isNow) expected += MINUTE_MS;
        return expected >= now + 24 * HOUR_MS ? found === null || found >= expected : found === expected;
      }),
      { numRuns: 100 },
    );
  });
});

function clock(): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
}

describe("words", () => {
  test("windows are read as people write them, and shown so that they can be read again", () => {
    const read = readWindows("Mon-Fri 9:00-17:30; sat,sun 22:00-02:00; 12:00-13:00");
    expect(read).toEqual([
      { days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:30" },
      { days: ["sun", "sat"], from: "22:00", to: "02:00" },
      { from: "12:00", to: "13:00" },
    ]);
    expect(readWindows(shownWindows(read ?? []))).toEqual(read);
    expect(readWindows("fri-mon 09:00-10:00")?.[0]?.days).toEqual(["sun", "mon", "fri", "sat"]);
    for (const wrong of ["", "often", "mon 09:00", "someday 09:00-10:00"]) expect(readWindows(wrong)).toBeNull();
  });

  test("outside its hours is said with the time at which they begin, and the day when it is far", () => {
    expect(outsideText(WEEKDAY_HOURS, at("2026-11-19T10:00:00Z"), "Asia/Taipei").en).toBe("outside its hours until 09:00 (Asia/Taipei)");
    const far = outsideText(WEEKDAY_HOURS, at("2026-11-20T10:00:00Z"), "Asia/Taipei");
    expect(far.en).toBe("outside its hours until Mon 09:00 (Asia/Taipei)");
    expect(far["zh-TW"]).toContain("09:00");
  });

  test("a zone, a time or a day that does not exist is refused", () => {
    const faultOf = (value: unknown) => scheduleSchema.safeParse(value).error?.issues.map(({ message }) => message)[0];
    expect(faultOf({ windows: [{ from: "24:00", to: "10:00" }] })).toContain("00:00 to 23:59");
    expect(faultOf({ windows: [{ from: "09:00", to: "10:00" }], timezone: "Mars/Base" })).toContain("Asia/Taipei");
    expect(faultOf({ windows: [{ days: ["someday"], from: "09:00", to: "10:00" }] })).toBeDefined();
    expect(faultOf({ windows: [] })).toBeDefined();
  });
});
